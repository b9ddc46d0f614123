//! A secret in every secret key of a configuration, to be searched for in every output.

use ksi::config;
use ksi::yaml::Step;
use serde_json::{Value, json};

/// A host's configuration with a canary in every key that the schema calls secret, and the canaries.
pub(crate) fn canaries() -> (Value, Vec<String>) {
    let mut spec = json!({"multicluster": {"clusterRole": "host"}});
    let mut texts = Vec::new();
    for (number, path) in config::sensitive_paths().iter().enumerate() {
        // Long enough for a jwtSecret, right for a password.
        let canary = format!("Canary{number}Secret0123456789abcdef");
        let mut node = &mut spec;
        for step in &path.0 {
            let Step::Key(key) = step else { panic!("a secret in a list: {path}") };
            node = &mut node[key];
        }
        *node = json!(canary);
        texts.push(canary);
    }
    assert!(texts.len() >= 5, "{texts:?}");
    let document = json!({
        "apiVersion": config::API_VERSION, "kind": config::KIND,
        "metadata": {"name": config::NAME, "namespace": config::NAMESPACE}, "spec": spec,
    });
    (document, texts)
}
