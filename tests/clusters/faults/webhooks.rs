//! Webhooks of others that guard what ksi writes and do not answer.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandbox::proxy::{Fault, FaultProxy, Match, Nth, Rule};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::hands::Hands as _;
use crate::installed::Said;

/// What a run of four seconds waits at least, and takes at most.
const WAITED: Duration = Duration::from_secs(2);
const GRACE: Duration = Duration::from_secs(12);

#[test]
fn a_webhook_that_does_not_answer_is_waited_for_and_named() {
    // As where the Service's own address leads nowhere when it has no endpoints.
    let routing = vec!["--enable-aggregator-routing=true".to_owned()];
    let Some(stage) = Stage::with(routing) else { return };
    let folder = stage.plane().folder().join("backend");
    let backend = FaultProxy::start(&stage.plane().kubeconfig(), &folder).unwrap();
    backend.set([Rule::new(Match::any(), Nth::All, Fault::Hang)]);
    let url = format!("{}/review", address(&backend));
    let own = std::fs::read_to_string(folder.join("proxy-ca.crt")).unwrap();
    let other = std::fs::read_to_string(stage.plane().folder().join("ca.crt")).unwrap();

    // New kinds may take longer than these runs last.
    stage.apply(&["--only", "namespaces,crds,notification-crds"]).expect(0);
    stage.kubectl("create service clusterip nobody --tcp=443");
    let said = guarded(
        &stage,
        &json!({"service": {"namespace": "default", "name": "nobody", "path": "/review"}}),
    );
    assert!(said.err.contains("https://nobody.default.svc:443/review"), "{}", said.err);
    assert!(said.err.contains("no endpoints available"), "{}", said.err);
    assert!(said.err.contains("running backend"), "{}", said.err);

    let said = guarded(&stage, &json!({"url": url, "caBundle": STANDARD.encode(other)}));
    assert!(said.err.contains("x509"), "{}", said.err);
    assert!(said.err.contains("caBundle"), "{}", said.err);

    let said = guarded(&stage, &json!({"url": url, "caBundle": STANDARD.encode(own)}));
    assert!(said.err.contains("context deadline exceeded"), "{}", said.err);

    stage.kubectl("delete validatingwebhookconfiguration guard");
    stage.heals(&[]);
}

/// What a run says that may not write a Deployment unless such a client answers.
fn guarded(stage: &Stage, client: &Value) -> Said {
    stage.make(json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "guard"},
        "webhooks": [{
            "name": "guard.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "failurePolicy": "Fail", "timeoutSeconds": 1, "clientConfig": client,
            "rules": [{"apiGroups": ["apps"], "apiVersions": ["*"], "operations": ["*"],
                "resources": ["deployments"]}],
        }],
    }));
    let begin = Instant::now();
    let said = stage.begin(&["--timeout", "4s"]).end().expect(5);
    let took = begin.elapsed();
    assert!(took > WAITED && took < GRACE, "{took:?}: {}", said.err);
    assert!(said.err.contains("\"guard.example.com\""), "{}", said.err);
    assert!(said.err.contains("Deployment/kubesphere-system/ks-"), "{}", said.err);
    said
}

/// Where a proxy listens.
fn address(proxy: &FaultProxy) -> String {
    let text = std::fs::read(proxy.kubeconfig()).unwrap();
    let config: Value = serde_json::from_slice(&text).unwrap();
    config["clusters"][0]["cluster"]["server"].as_str().unwrap().to_owned()
}
