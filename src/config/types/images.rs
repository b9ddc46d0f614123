//! How images are pulled.

use std::collections::BTreeMap;

use super::section::section;

section! {
    /// How images are pulled, beyond registry and organisation.
    #[derive(Eq)]
    Images {
        /// Names of Secrets with registry credentials. They must exist in each namespace of
        /// KubeSphere that runs pods.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pull_secrets: Vec<String>,
        /// Digests that pin images: from the image as `ksi images list` prints it, for example
        /// `kubesphere/tower:v0.2.1`, to `sha256:` and 64 hexadecimal digits.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        digests: BTreeMap<String, String>,
    }
}
