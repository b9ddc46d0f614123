//! The checksum that restarts pods when their configuration changes: ks-apiserver and ks-controller-manager
//! read kubesphere.yaml only at their start, and so do others with their files.

use aws_lc_rs::hmac;
use serde_json::Value;

use crate::object::semantic;

/// The annotation of pod templates with the checksum.
pub(super) const ANNOTATION: &str = "ksi.kubesphere.io/configuration";

/// A checksum for the pod template that changes when the document changes semantically. Rewrites by
/// KubeSphere do not change it, because it is computed from the rendered document in canonical form.
///
/// kubesphere.yaml contains secrets and many users may read Deployments, so its checksum is keyed with the
/// strongest of these secrets.
pub(super) fn config_checksum(document: &Value, key: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let text = semantic::canonical(document).to_string();
    let tag = hmac::sign(&key, text.as_bytes());
    hex::encode(&tag.as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_semantic_changes_change_it() {
        let ours = config_checksum(&json!({"a": {"b": "168h", "c": false}}), "secret");
        assert_eq!(ours, config_checksum(&json!({"a": {"b": "168h0m0s"}}), "secret"));
        assert_ne!(ours, config_checksum(&json!({"a": {"b": "24h"}}), "secret"));
        assert_ne!(ours, config_checksum(&json!({"a": {"b": "168h"}}), "another"));
        assert_eq!(ours.len(), 32);
    }
}
