//! What somebody who may only edit the ClusterConfiguration cannot do.

use serde_json::{Value, json};

use super::Followed;
use crate::hands::{Hands as _, SYSTEM};

const REGISTRY: &str = "registry.example.com";

fn registry() -> Value {
    json!({"local_registry": REGISTRY})
}

#[test]
fn an_editor_cannot_select_images_until_an_administrator_allows_it() {
    let Some(followed) = Followed::start(&json!({})) else { return };
    let images = || followed.field("deployment ks-apiserver", "..image");
    let before = images();

    followed.edit(&registry());
    followed.until("the field to be named", || {
        followed.status()["blocking"][0]["code"] == "Restricted"
    });
    let problem = &followed.status()["blocking"][0];
    assert!(problem["reason"].as_str().unwrap().contains("`local_registry`"), "{problem:#}");
    assert!(problem["remedy"].as_str().unwrap().contains("ksi-policy"), "{problem:#}");
    assert_ne!(followed.condition("Ready")["status"], "True");
    // Neither by an approval of his own.
    followed.annotate("approve", Some("0123456789ab"));
    followed.annotate("requested-at", Some("again"));
    followed.until("another run", || followed.status()["lastHandledRequestedAt"] == "again");
    assert_eq!(images(), before);

    followed.make(json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "ksi-policy", "namespace": SYSTEM},
        "data": {"local_registry": "*.example.com"},
    }));
    followed.annotate("requested-at", Some("allowed"));
    followed.await_applied();
    assert!(images().contains(REGISTRY), "{}", images());
    // What runs is allowed, also where the administrator forgets it again.
    followed.kubectl(&format!("-n {SYSTEM} delete configmap ksi-policy"));
    followed.edit(&json!({"telemetry_enabled": false}));
    followed.await_applied();
    followed.edit(&json!({"local_registry": null}));
    followed.await_applied();
    assert_eq!(images(), before);
}

#[test]
fn a_secret_of_another_is_not_read_for_an_editor() {
    let Some(followed) = Followed::start(&json!({})) else { return };
    followed.kubectl(&format!(
        "-n {SYSTEM} create secret generic somebodys --from-literal=token=somebodys-own-token-of-40-letters-or-so"
    ));
    followed
        .edit(&json!({"authentication": {"jwtSecretRef": {"name": "somebodys", "key": "token"}}}));
    followed.until("the field to be named", || {
        followed.status()["blocking"][0]["code"] == "Restricted"
    });
    let config = followed.field("configmap kubesphere-config", ".data");
    assert!(!config.contains("somebodys-own-token"), "the Secret was copied");
    assert!(!followed.log().contains("somebodys-own-token"));
}
