//! When pods have to start again: ks-apiserver and ks-controller-manager read kubesphere.yaml once.

use aws_lc_rs::hmac;
use serde_json::Value;

use crate::object::meaning;

/// A word that stands in the template of the pods, and changes when the document means another thing.
/// What KubeSphere rewrites changes nothing of it: it is made of what is rendered, by meaning.
///
/// The document holds secrets and many may read Deployments, so the word is keyed by the best secret of
/// them.
pub(super) fn word(document: &Value, key: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let text = meaning::canonical(document).to_string();
    let tag = hmac::sign(&key, text.as_bytes());
    hex::encode(&tag.as_ref()[..16])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_another_meaning_is_another_word() {
        let ours = word(&json!({"a": {"b": "168h", "c": false}}), "secret");
        assert_eq!(ours, word(&json!({"a": {"b": "168h0m0s"}}), "secret"));
        assert_ne!(ours, word(&json!({"a": {"b": "24h"}}), "secret"));
        assert_ne!(ours, word(&json!({"a": {"b": "168h"}}), "another"));
        assert_eq!(ours.len(), 32);
    }
}
