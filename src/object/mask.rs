//! Hides secret values in what is shown of objects.
//!
//! A hidden value becomes `*** (#1)`. Its number is the same wherever the same value stands in one
//! output, in base64 or not: one sees that two secrets are equal, or that one changed, and nothing
//! else of them. What is secret is data, in `schemas/rules.yaml`.

use std::collections::HashMap;
use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value};

use super::rules::{Encoding, SecretText};
use super::{ObjectId, embedded, rules, scrub, secret_fields};
use crate::yaml::{self, Path, Step};

/// Numbers secret values. Use one for a whole output.
#[derive(Default)]
pub struct Masker {
    numbers: HashMap<Vec<u8>, usize>,
}

impl Masker {
    /// A masker that has not seen any value.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hides what is secret in an object.
    pub fn mask(&mut self, id: &ObjectId, body: &mut Value) {
        let masking = &rules().masking;
        for fields in masking.objects.iter().filter(|fields| fields.kind.matches(id)) {
            for path in &fields.paths {
                path.visit(body, &mut |value| self.hide(value, fields.encoding));
            }
        }
        if masking.searched.iter().any(|kind| kind.matches(id))
            && let Some(spec) = body.get_mut("spec")
        {
            secret_fields::visit_fields(spec, &mut |value| self.hide(value, Encoding::Plain));
        }
        if id.is_config_map()
            && let Some(data) = body.get_mut("data")
        {
            for text in &masking.texts {
                if let Some(value @ Value::String(_)) = data.get_mut(&text.key) {
                    self.mask_text(text, value);
                }
            }
        }
        // Schemas describe arguments and environments without having any.
        if !id.is_definition() {
            secret_fields::visit_containers(body, &mut |value| self.hide(value, Encoding::Plain));
            self.hide_parts(body);
        }
    }

    /// Hides what looks like a secret in texts: a password in a URL, a token in a header.
    fn hide_parts(&mut self, value: &mut Value) {
        match value {
            Value::String(text) if !is_mask(text) => {
                let secrets = scrub::secrets(text);
                for range in secrets.into_iter().rev() {
                    let mut secret = Value::from(&text[range.clone()]);
                    self.hide(&mut secret, Encoding::Plain);
                    text.replace_range(range, secret.as_str().unwrap_or_default());
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide_parts(item)),
            Value::Object(map) => map.values_mut().for_each(|child| self.hide_parts(child)),
            _ => {}
        }
    }

    /// Hides what is secret in a parsed `kubesphere.yaml`.
    pub fn mask_document(&mut self, document: &mut Value) {
        if let Some(text) = rules().masking.texts.iter().find(|text| text.key == embedded::KEY) {
            self.mask_parsed(text, document);
        }
    }

    /// The value at a path of `kubesphere.yaml` as it may be shown.
    pub fn mask_entry(&mut self, path: &Path, value: &Value) -> Value {
        let wrap = |inner: Value, step: &Step| match step {
            Step::Key(key) => Value::Object(Map::from_iter([(key.clone(), inner)])),
            Step::Index(_) => Value::Array(vec![inner]),
        };
        let mut document = path.0.iter().rev().fold(value.clone(), wrap);
        self.mask_document(&mut document);
        path.0.iter().fold(document, |outer, step| match (outer, step) {
            (Value::Object(mut map), Step::Key(key)) => map.remove(key).unwrap_or_default(),
            (Value::Array(mut items), Step::Index(_)) => items.pop().unwrap_or_default(),
            // The whole is hidden, so is this part of it.
            (hidden, _) => hidden,
        })
    }

    /// The values that were hidden so far, as bytes: whoever has them can hide them elsewhere, too.
    pub fn hidden(&self) -> impl Iterator<Item = &[u8]> {
        self.numbers.keys().map(|value| value.strip_prefix(b"\0").unwrap_or(value))
    }

    fn mask_text(&mut self, rule: &SecretText, value: &mut Value) {
        let Some(Ok(mut document)) = value.as_str().map(embedded::parse) else {
            return self.hide(value, Encoding::Plain);
        };
        self.mask_parsed(rule, &mut document);
        *value = Value::String(yaml::emit(&document));
    }

    fn mask_parsed(&mut self, rule: &SecretText, document: &mut Value) {
        for path in &rule.paths {
            path.visit(document, &mut |value| self.hide(value, Encoding::Plain));
        }
        secret_fields::visit_fields(document, &mut |value| self.hide(value, Encoding::Plain));
        self.hide_parts(document);
    }

    /// Replaces one value. Nothing, empty text and the placeholder for a value that is made later
    /// stay: they hide nothing.
    fn hide(&mut self, value: &mut Value, encoding: Encoding) {
        let bytes = match &*value {
            Value::Null => return,
            Value::String(text) if text.is_empty() || is_mask(text) => return,
            Value::String(text) => match encoding {
                Encoding::Plain => text.clone().into_bytes(),
                Encoding::Base64 => {
                    BASE64_STANDARD.decode(text).unwrap_or_else(|_| text.clone().into_bytes())
                }
            },
            // Another type is another value, even where the text is the same.
            other => format!("\0{other}").into_bytes(),
        };
        let placeholder = &rules().masking.placeholder;
        *value = if !placeholder.is_empty() && bytes == placeholder.as_bytes() {
            Value::String(placeholder.clone())
        } else {
            let next = self.numbers.len() + 1;
            let number = *self.numbers.entry(bytes).or_insert(next);
            Value::String(mask(number))
        };
    }
}

/// Never shows the values.
impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masker({} values)", self.numbers.len())
    }
}

fn mask(number: usize) -> String {
    format!("*** (#{number})")
}

/// Whether this is our own mask: a value that two rules reach is hidden once.
fn is_mask(text: &str) -> bool {
    text.strip_prefix("*** (#")
        .and_then(|rest| rest.strip_suffix(')'))
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(masker: &mut Masker, body: Value) -> Value {
        let mut body = body;
        let id = ObjectId::of(&body).unwrap();
        masker.mask(&id, &mut body);
        body
    }

    fn config_map(text: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kubesphere-config"},
            "data": {"kubesphere.yaml": text},
        })
    }

    #[test]
    fn one_number_for_one_value_wherever_it_stands() {
        let mut masker = Masker::new();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},
            "data": {"secret": BASE64_STANDARD.encode("hunter2"), "other": "c29tZQ==", "none": ""},
            "stringData": {"plain": "hunter2"},
        });
        let secret = masked(&mut masker, secret);
        let data = json!({"secret": "*** (#1)", "other": "*** (#2)", "none": ""});
        assert_eq!(secret["data"], data);
        assert_eq!(secret["stringData"]["plain"], "*** (#1)");
        let config =
            masked(&mut masker, config_map("authentication:\n  jwtSecret: hunter2\n  x: 1\n"));
        let text = "authentication:\n  jwtSecret: \"*** (#1)\"\n  x: 1\n";
        assert_eq!(config["data"]["kubesphere.yaml"], text);
    }

    #[test]
    fn fields_by_kind() {
        let mut masker = Masker::new();
        let user = json!({
            "apiVersion": "iam.kubesphere.io/v1alpha2", "kind": "User", "metadata": {"name": "admin"},
            "spec": {"password": "$2a$10$x", "email": "a@b.c"},
        });
        let spec = masked(&mut masker, user)["spec"].clone();
        assert_eq!(spec, json!({"password": "*** (#1)", "email": "a@b.c"}));
        let cluster = json!({
            "apiVersion": "cluster.kubesphere.io/v1alpha1", "kind": "Cluster", "metadata": {"name": "m"},
            "spec": {"connection": {"token": "t", "kubeconfig": "a3ViZQ==", "type": "proxy"}},
        });
        let connection = masked(&mut masker, cluster)["spec"]["connection"].clone();
        let expected = json!({"token": "*** (#2)", "kubeconfig": "*** (#3)", "type": "proxy"});
        assert_eq!(connection, expected);
        let applied = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "a", "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{\"data\":{\"p\":\"aHVudGVyMg==\"}}"
            }},
        });
        assert!(!masked(&mut masker, applied).to_string().contains("aHVudGVyMg"));
        let cc = json!({
            "apiVersion": "installer.kubesphere.io/v1alpha1", "kind": "ClusterConfiguration",
            "metadata": {"name": "ks-installer"},
            "spec": {"authentication": {"jwtSecret": "abc", "jwtSecretRef": {"name": "shown"}}},
        });
        let cc = masked(&mut masker, cc);
        assert_eq!(cc["spec"]["authentication"]["jwtSecret"], "*** (#5)");
        assert_eq!(cc["spec"]["authentication"]["jwtSecretRef"]["name"], "shown");
    }

    #[test]
    fn every_secret_key_of_kubesphere_yaml() {
        let text = "
authentication: {jwtSecret: CANARY, oauthOptions: {accessTokenMaxAge: 2h, clients: [{name: kubesphere, secret: CANARY}],
  identityProviders: [{name: x, provider: {clientID: shown, clientSecret: CANARY}}]}}
ldap: {managerPassword: CANARY}
cache: {options: {host: redis, password: CANARY}}
mysql: {password: CANARY}
s3: {accessKeyID: CANARY, secretAccessKey: CANARY}
openpitrix: {s3: {accessKeyID: CANARY, secretAccessKey: CANARY}}
devops: {password: CANARY}
sonarQube: {token: CANARY}
logging: {password: CANARY}
events: {password: CANARY}
auditing: {password: CANARY}
unheardOf: {adminToken: [CANARY], apiKey: CANARY}
";
        let shown = masked(&mut Masker::new(), config_map(text)).to_string();
        assert!(!shown.contains("CANARY"), "{shown}");
        assert_eq!(shown.matches("*** (#1)").count(), 17, "{shown}");
        assert!(
            shown.contains("clientID: shown") && shown.contains("accessTokenMaxAge: 2h"),
            "{shown}"
        );
    }

    #[test]
    fn text_that_cannot_be_read_is_hidden_whole() {
        let shown = masked(&mut Masker::new(), config_map("jwtSecret: [hunter2\n"));
        assert_eq!(shown["data"]["kubesphere.yaml"], "*** (#1)");
    }

    #[test]
    fn arguments_and_environments() {
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "agent"},
            "spec": {"template": {"spec": {"containers": [{
                "command": ["agent", "--token=hunter2", "--v=4", "--password", "hunter3", "--name"],
                "args": ["--token-file=/var/token", "--requirepass", "hunter3"],
                "env": [{"name": "REDIS_PASSWORD", "value": "hunter2"}, {"name": "LEVEL", "value": "info"}],
            }]}}},
        });
        let shown = masked(&mut Masker::new(), deployment);
        let container = &shown["spec"]["template"]["spec"]["containers"][0];
        let command =
            json!(["agent", "--token=*** (#1)", "--v=4", "--password", "*** (#2)", "--name"]);
        assert_eq!(container["command"], command);
        assert_eq!(container["args"][0], "--token-file=/var/token");
        assert_eq!(container["env"][0]["value"], "*** (#1)");
        assert_eq!(container["env"][1]["value"], "info");
    }

    #[test]
    fn parts_of_texts() {
        let mut masker = Masker::new();
        let text = "
authentication: {oauthOptions: {identityProviders: [{provider: {issuer: 'https://me:CANARY-1@idp/', bindPW: CANARY-2,
  signingKey: CANARY-3, auth: CANARY-4, passphrase: CANARY-5, pwd: CANARY-6, headers: ['Authorization: Bearer CANARY-7']}}]}}
";
        let shown = masked(&mut masker, config_map(text)).to_string();
        assert!(!shown.contains("CANARY") && shown.contains("@idp/"), "{shown}");
        let mut job = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "annotations": {
                "note": "mysql://root:CANARY-8@tcp(db)/x", "key": "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n"}},
            "spec": {"env": [{"name": "URL", "value": "redis://:CANARY-9@redis:6379"}]},
        });
        let id = ObjectId::of(&job).unwrap();
        masker.mask(&id, &mut job);
        assert!(!job.to_string().contains("CANARY"), "{job}");
        assert!(job["spec"]["env"][0]["value"].as_str().unwrap().ends_with("@redis:6379"), "{job}");
    }

    #[test]
    fn what_is_made_at_installation_is_shown_as_such() {
        let placeholder = "(generated at install)";
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"},
            "data": {"secret": BASE64_STANDARD.encode(placeholder)},
        });
        assert_eq!(masked(&mut Masker::new(), secret)["data"]["secret"], placeholder);
    }

    #[test]
    fn entries_by_path() {
        let mut masker = Masker::new();
        let path = Path::keys("authentication.oauthOptions.clients.kubesphere.secret");
        assert_eq!(masker.mask_entry(&path, &json!("x")), "*** (#1)");
        assert_eq!(masker.mask_entry(&Path::keys("ldap.host"), &json!("x")), "x");
        let whole =
            masker.mask_entry(&Path::keys("ldap"), &json!({"managerPassword": "x", "host": "y"}));
        assert_eq!(whole, json!({"managerPassword": "*** (#1)", "host": "y"}));
    }

    #[test]
    fn debug_shows_no_values() {
        let mut masker = Masker::new();
        masker.hide(&mut json!("hunter2"), Encoding::Plain);
        assert_eq!(format!("{masker:?}"), "Masker(1 values)");
    }
}
