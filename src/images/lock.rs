//! The lock file: the digests of copied images, as `images.digests` of a configuration takes them.

use std::collections::BTreeMap;

use serde_json::json;

use super::copy::Copied;
use crate::yaml;

const HEAD: &str = "# The digests of copied images. Give it to ksi after the configuration: -f CONFIGURATION -f THIS-FILE\n";

/// The text of the lock file, the same for the same images. It is itself a configuration.
pub fn text<'c>(copied: impl IntoIterator<Item = &'c Copied>) -> String {
    let digests: BTreeMap<_, _> =
        copied.into_iter().map(|one| (one.item.listed.clone(), one.digest.to_string())).collect();
    let configuration = json!({
        "apiVersion": "installer.kubesphere.io/v1alpha1",
        "kind": "ClusterConfiguration",
        "spec": {"images": {"digests": digests}},
    });
    format!("{HEAD}{}", yaml::emit(&configuration))
}
