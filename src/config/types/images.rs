//! Pull secrets and digests of images.

use std::collections::BTreeMap;

use super::section::section;

section! {
    /// Pull secrets and digests of images.
    #[derive(Eq)]
    Images {
        /// Names of Secrets with registry credentials. They must exist in every namespace of
        /// KubeSphere that runs pods.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pull_secrets: Vec<String>,
        /// Digests that pin images. A key is an image as `ksi images list` prints it, for example
        /// `kubesphere/tower:v0.2.1`; a value is `sha256:` and 64 hexadecimal digits.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        digests: BTreeMap<String, String>,
    }
}
