//! What is known to be secret in an installation. Pure.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::inventory;
use crate::object::{LAST_APPLIED, Masker, ObjectId, Scrubber};

/// Keys of Secrets that everybody may know: certificates, and the name of a namespace.
const PUBLIC: [&str; 5] = ["ca.crt", "tls.crt", "service-ca.crt", "namespace", "ca-bundle.crt"];

/// Learns values from objects that hold secrets.
#[derive(Debug, Default)]
pub(super) struct Known {
    masker: Masker,
    /// Of objects: what is also a name is no secret, and hiding it would make the archive unreadable.
    names: BTreeSet<String>,
}

impl Known {
    /// An object as it may be shown. What is hidden in it is known from then on.
    pub(super) fn masked(&mut self, body: &Value) -> Value {
        let mut body = body.clone();
        let Some(id) = ObjectId::of(&body) else { return body };
        self.names.extend([Some(&id.name), id.namespace.as_ref()].into_iter().flatten().cloned());
        if id.kind == "Secret" && id.group.is_empty() {
            return self.secret(&body);
        }
        self.masker.mask(&id, &mut body);
        without_fields(&mut body);
        body
    }

    /// Of a Secret its name, its type and its keys; its values are learnt.
    fn secret(&mut self, body: &Value) -> Value {
        let Some(id) = ObjectId::of(body) else { return Value::Null };
        let mut learnt = body.clone();
        if id.name == inventory::SECRET {
            // It holds names and hashes, which are no secrets; its key is not shown anywhere.
            learnt["data"] = Value::Null;
        }
        if let Some(applied) = last_applied(&mut learnt) {
            self.secret(&applied);
        }
        if let Some(data) = learnt["data"].as_object_mut() {
            data.retain(|key, _| !PUBLIC.contains(&key.as_str()));
        }
        self.masker.mask(&id, &mut learnt);
        let keys: Vec<&String> =
            body["data"].as_object().into_iter().flat_map(|d| d.keys()).collect();
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": id.name, "namespace": id.namespace,
                "creationTimestamp": body["metadata"]["creationTimestamp"],
            },
            "type": body["type"],
            "keys": keys,
        })
    }

    /// Hides everything that is known by now.
    pub(super) fn scrubber(&self) -> Scrubber {
        let is_name = |value: &[u8]| {
            std::str::from_utf8(value).is_ok_and(|text| self.names.contains(text.trim()))
        };
        Scrubber::knowing(self.masker.hidden().filter(|value| !is_name(value)))
    }
}

/// Takes out what `kubectl apply` noted of a Secret: a Secret with the same values, of which only these are
/// secret.
fn last_applied(secret: &mut Value) -> Option<Value> {
    let annotations = secret["metadata"]["annotations"].as_object_mut()?;
    let noted: Value = serde_json::from_str(annotations.get(LAST_APPLIED)?.as_str()?).ok()?;
    ObjectId::of(&noted)?;
    annotations.shift_remove(LAST_APPLIED);
    Some(noted)
}

/// Who owns which field is long, and may hold values in its keys: only the names of the managers stay.
fn without_fields(body: &mut Value) {
    if let Some(entries) = body["metadata"]["managedFields"].as_array_mut() {
        for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
            entry.shift_remove("fieldsV1");
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine as _};

    use super::*;

    #[test]
    fn of_secrets_only_names_and_keys_are_shown() {
        let mut known = Known::default();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "a", "namespace": "n", "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{\"x\":\"CANARY-in-annotation\"}"}},
            "data": {"password": BASE64_STANDARD.encode("CANARY-password"),
                "namespace": BASE64_STANDARD.encode("kubesphere-system")},
        });
        let shown = known.masked(&secret);
        assert_eq!(shown["keys"], json!(["password", "namespace"]));
        assert!(!shown.to_string().contains("CANARY"));
        let scrubber = known.scrubber();
        let text = "in kubesphere-system with CANARY-password";
        assert_eq!(scrubber.text(text), "in kubesphere-system with ***");
        assert_eq!(scrubber.text(&BASE64_STANDARD.encode("CANARY-password")), "***");
    }

    #[test]
    fn what_kubectl_noted_of_a_secret_is_secret_but_for_its_names() {
        let mut known = Known::default();
        let applied = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "redis-secret", "namespace": "kubesphere-system"},
            "data": {"password": BASE64_STANDARD.encode("CANARY-of-data")},
            "stringData": {"password": "CANARY-of-text"},
        });
        let mut secret = applied.clone();
        let noted =
            json!({"kubectl.kubernetes.io/last-applied-configuration": applied.to_string()});
        secret["metadata"]["annotations"] = noted;
        secret["data"] = json!({});
        known.masked(&secret);
        let text = "Secret/kubesphere-system/redis-secret CANARY-of-data CANARY-of-text";
        let shown = known.scrubber().text(text);
        assert_eq!(shown, "Secret/kubesphere-system/redis-secret *** ***");
    }

    /// A revision of the history is a Secret, but almost nothing in it is one.
    #[test]
    fn of_a_stored_configuration_only_its_secrets_are_secret() {
        let mut known = Known::default();
        let configuration = "apiVersion: installer.kubesphere.io/v1alpha1\nkind: ClusterConfiguration\n\
            metadata:\n  name: ks-installer\n  namespace: kubesphere-system\nspec:\n  authentication:\n    \
            jwtSecret: CANARY-of-an-old-revision\n  multicluster:\n    tower:\n      resources:\n        \
            limits:\n          memory: 1024Mi\n";
        let about = "{\"specHash\":\"0123456789abcdef\",\"time\":\"2026-11-30T12:00:00Z\"}";
        known.masked(&json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "ksi-history-1", "namespace": "kubesphere-system"},
            "data": {"configuration": BASE64_STANDARD.encode(configuration),
                "about": BASE64_STANDARD.encode(about)},
        }));
        let shown = known.scrubber().text(configuration);
        assert_eq!(shown, configuration.replace("CANARY-of-an-old-revision", "***"));
        assert_eq!(known.scrubber().text(about), about);
    }

    #[test]
    fn the_name_of_an_object_is_no_secret() {
        let mut known = Known::default();
        known.masked(&json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "tower-ca", "namespace": "kubesphere-system"},
            "data": {"where": BASE64_STANDARD.encode("kubesphere-system"),
                "password": BASE64_STANDARD.encode("CANARY-password")},
        }));
        let text = "kubesphere-system/tower-ca CANARY-password";
        assert_eq!(known.scrubber().text(text), "kubesphere-system/tower-ca ***");
    }

    #[test]
    fn values_of_other_objects_are_learnt_too() {
        let mut known = Known::default();
        let config = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kubesphere-config"},
            "data": {"kubesphere.yaml": "authentication:\n  jwtSecret: CANARY-jwt-secret\n"},
        });
        assert!(!known.masked(&config).to_string().contains("CANARY"));
        assert_eq!(known.scrubber().text("key CANARY-jwt-secret"), "key ***");
    }
}
