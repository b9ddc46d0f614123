//! What tests do to a cluster with kubectl, and find of ksi in it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksi::inventory::Inventory;
use sandbox::audit::{self, Mark};
use sandbox::control_plane::ControlPlane;
use sandbox::light::Light;
use sandbox::process::wait_until;
use serde_json::Value;

pub(crate) const SYSTEM: &str = "kubesphere-system";

/// Everything that a test may want of a control plane, wherever it comes from.
pub(crate) trait Hands {
    fn plane(&self) -> &ControlPlane;

    /// kubectl with the words of a line.
    fn kubectl(&self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.plane().kubectl(&words).unwrap_or_else(|error| panic!("kubectl {line}: {error:#}"))
    }

    /// kubectl with the words of a line and one more, which may hold blanks.
    fn kubectl_with(&self, line: &str, last: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().chain([last]).collect();
        self.plane().kubectl(&words).unwrap_or_else(|error| panic!("kubectl {line}: {error:#}"))
    }

    /// kubectl with the words of a line, for manifests.
    fn kubectl_file(&self, line: &str, manifests: impl Display) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), manifests.to_string()).unwrap();
        self.kubectl(&format!("{line} -f {}", file.path().display()))
    }

    /// Applies manifests as a user does.
    fn make(&self, manifests: impl Display) {
        self.kubectl_file("apply", manifests);
    }

    /// An object, as `-n namespace kind name`.
    fn json(&self, what: &str) -> Value {
        serde_json::from_str(&self.kubectl(&format!("get {what} -o json"))).unwrap()
    }

    fn has(&self, what: &str) -> bool {
        !self.kubectl(&format!("get {what} --ignore-not-found -o name")).trim().is_empty()
    }

    /// Waits until kubectl with the words of a line succeeds, or does not any more: the API server goes by
    /// what it knows of roles and policies, and learns of changes a little later.
    fn await_kubectl(&self, line: &str, succeeds: bool) {
        let words: Vec<&str> = line.split_whitespace().collect();
        wait_until(&format!("kubectl {line}: {succeeds}"), Duration::from_secs(30), || {
            let output = self.plane().kubectl_command().args(&words).output()?;
            Ok(output.status.success() == succeeds)
        })
        .unwrap();
    }

    /// The same for what a user may do everywhere, such as `patch deployments.apps`.
    fn await_right(&self, user: &str, what: &str, may: bool) {
        self.await_kubectl(&format!("auth can-i {what} -A --as {user}"), may);
    }

    fn nothing_is_terminating(&self) {
        let kinds =
            ["namespaces", "crd", "deployments -A", "configmaps -A", "secrets -A", "pvc -A"];
        for kind in kinds {
            let path = "jsonpath={range.items[*]}{.metadata.deletionTimestamp}{end}";
            assert_eq!(self.kubectl(&format!("get {kind} -o {path}")).trim(), "", "{kind}");
        }
    }

    fn mark(&self) -> Mark {
        audit::mark(self.plane()).unwrap()
    }

    /// What ksi wrote since then, as the API server saw it, as `verb resource/name`; what it only asked is
    /// not in there.
    fn writes(&self, since: Mark) -> Vec<String> {
        let writes = audit::writes(self.plane(), since, "ksi/").unwrap();
        let real = writes.iter().filter(|write| !write.dry_run);
        // A question about rights is sent as if something were created.
        let real = real.filter(|write| !write.resource.starts_with("selfsubject"));
        real.map(|w| format!("{} {}/{}", w.verb, w.resource, w.name)).collect()
    }

    /// The same without what every run writes that writes at all: its lock and its inventory.
    fn changes(&self, since: Mark) -> Vec<String> {
        let own = ["leases/ks-installer-apply", "leases/ks-installer", "secrets/ksi-inventory"];
        let mut writes = self.writes(since);
        writes.retain(|write| !own.iter().any(|own| write.ends_with(own)));
        writes
    }

    /// What ksi generated and keeps; empty before it did.
    fn values(&self) -> BTreeMap<String, String> {
        let get = format!("get secret ksi-values -n {SYSTEM} --ignore-not-found -o json");
        let secret: Value = match self.kubectl(&get) {
            nothing if nothing.is_empty() => return BTreeMap::new(),
            text => serde_json::from_str(&text).unwrap(),
        };
        let decode = |(name, value): (&String, &Value)| {
            let bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
            (name.clone(), String::from_utf8(bytes).unwrap())
        };
        secret["data"].as_object().unwrap().iter().map(decode).collect()
    }

    /// What ksi recorded as its own.
    fn inventory(&self) -> Inventory {
        let secret = self.json(&format!("secret ksi-inventory -n {SYSTEM}"));
        Inventory::from_secret(&secret).unwrap()
    }

    /// The same by name.
    fn objects(&self) -> Vec<String> {
        let inventory = self.inventory();
        let entries = inventory.entries().iter();
        entries.map(|entry| format!("{} of {}", entry.id, entry.component)).collect()
    }
}

impl Hands for Light {
    fn plane(&self) -> &ControlPlane {
        self.control_plane()
    }
}

/// A policy that lets nobody create a Secret of this name.
pub(crate) fn policy_against(secret: &str) -> String {
    format!(
        r#"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {{name: no-{secret}}}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - {{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [secrets]}}
  validations:
    - {{expression: "object.metadata.name != '{secret}'", message: not here}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {{name: no-{secret}}}
spec: {{policyName: no-{secret}, validationActions: [Deny]}}
"#
    )
}
