//! The CRD of `ClusterConfiguration` on real API servers: in place of ks-installer's, and what kubectl shows.

use sandbox::light::Light;
use serde_json::json;

use crate::hands::{Hands as _, SYSTEM};
use crate::installed::release;
use crate::manifests::root;

/// The CRD of ks-installer 3.4, which has no subresource for the status.
pub(crate) const OLD: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: clusterconfigurations.installer.kubesphere.io}
spec:
  group: installer.kubesphere.io
  scope: Namespaced
  names: {kind: ClusterConfiguration, plural: clusterconfigurations, singular: clusterconfiguration, shortNames: [cc]}
  versions:
  - name: v1alpha1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
";

const CONFIGURATION: &str = "
apiVersion: installer.kubesphere.io/v1alpha1
kind: ClusterConfiguration
metadata: {name: ks-installer, namespace: kubesphere-system, labels: {version: v3.4.1, of: ours}}
spec: {multicluster: {clusterRole: host}, openpitrix: {enabled: true}}
status:
  clusterId: 4f1c-1700000000
  core: {status: enabled, enabledTime: '2023-11-08T00:00:00CST', version: v3.4.1}
  devops: {status: enabled, enabledTime: '2023-11-08T00:00:00CST'}
";

const CC: &str = "cc ks-installer -n kubesphere-system";

#[test]
fn an_old_status_survives_and_is_a_subresource_from_then_on() {
    let Some(light) = Light::start(release()).unwrap() else { return };
    light.kubectl(&format!("create namespace {SYSTEM}"));
    light.make(OLD);
    light.await_kubectl(&format!("get cc -n {SYSTEM}"), true);
    light.kubectl_file("create", CONFIGURATION);
    let old = light.json(CC);
    assert_eq!(old["status"]["devops"]["status"], "enabled");

    light.kubectl(&format!("apply -f {}", root().join("deploy/crd.yaml").display()));
    light.await_kubectl(&format!("get {CC} --subresource=status"), true);
    let after = light.json(CC);
    for what in ["spec", "status"] {
        assert_eq!(old[what], after[what]);
    }
    assert_eq!(old["metadata"]["labels"], after["metadata"]["labels"]);

    // The patch of KubeSphere's guides needs one more flag.
    let remove = r#"[{"op": "remove", "path": "/status/devops"}]"#;
    let patch = format!("patch {CC} --type=json -p");
    light.kubectl_with(&patch, remove);
    assert_eq!(light.json(CC), after, "a write of the object leaves the status alone");
    light.kubectl_with(&format!("patch {CC} --subresource=status --type=json -p"), remove);
    let without = light.json(CC);
    assert_eq!(without["status"]["devops"], json!(null));
    assert_eq!(without["status"]["clusterId"], old["status"]["clusterId"]);
    let generation =
        |object: &serde_json::Value| object["metadata"]["generation"].as_u64().unwrap();
    assert_eq!(generation(&without), generation(&after), "only the specification counts");
    light.kubectl_with(&format!("patch {CC} --type=merge -p"), r#"{"spec": {"zone": "cn"}}"#);
    assert_eq!(generation(&light.json(CC)), generation(&after) + 1);
}

#[test]
fn kubectl_shows_what_runs_in_columns() {
    let Some(light) = Light::start(release()).unwrap() else { return };
    light.kubectl(&format!("create namespace {SYSTEM}"));
    light.kubectl(&format!("apply -f {}", root().join("deploy/crd.yaml").display()));
    light.await_kubectl(&format!("get cc -n {SYSTEM}"), true);
    light.make(CONFIGURATION);
    let status = json!({"status": {
        "version": "v3.4.1", "role": "host", "phase": "Ready", "ready": "9/9", "drift": 0,
        "message": "everything is healthy",
    }});
    let patch = format!("patch {CC} --subresource=status --type=merge -p");
    light.kubectl_with(&patch, &status.to_string());
    let rows = |more: &str| {
        let text = light.kubectl(&format!("get {CC} {more}"));
        let rows = text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect());
        rows.collect::<Vec<Vec<String>>>()
    };
    let plain = rows("");
    assert_eq!(plain[0], ["NAME", "VERSION", "ROLE", "PHASE", "READY", "DRIFT", "AGE"]);
    assert_eq!(plain[1][..6], ["ks-installer", "v3.4.1", "host", "Ready", "9/9", "0"]);
    let wide = rows("-o wide");
    assert_eq!(wide[0][6..], ["MESSAGE", "AGE"]);
    assert_eq!(wide[1][6..9], ["everything", "is", "healthy"]);
}
