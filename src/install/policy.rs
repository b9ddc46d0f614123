//! What an administrator allows editors of the ClusterConfiguration to set restricted fields to.

use std::collections::BTreeMap;

use serde_json::Value;

use super::error::Error;
use super::history::without_secrets;
use super::prepared::Prepared;
use super::restricted::{POLICY, RESTRICTED, Restricted};
use super::secret_ref;
use crate::cluster::{Cluster, Kind};
use crate::config::{self, Configuration, Role};
use crate::object::{ObjectId, embedded};
use crate::target::ClusterTarget;

/// Whether a configuration sets restricted fields only to values that are allowed.
///
/// # Errors
/// [`Error::Restricted`] if there are any; or the cluster cannot be read.
pub async fn check_restricted(cluster: &Cluster, prepared: &Prepared) -> Result<(), Error> {
    let revisions = ClusterTarget::new(cluster, "").history().await?;
    let Some(applied) = revisions.iter().rev().find(|revision| revision.is_applied()) else {
        return Ok(());
    };
    // Each run asks, also those that only repair.
    if applied.about.spec_hash == prepared.configuration.hash() {
        return Ok(());
    }
    let applied = embedded::parse(&applied.configuration).unwrap_or_default();
    let allowed = Allowed::read(cluster).await?;
    let mut changed = changed(&prepared.configuration, &applied["spec"], &allowed);
    let secret = prepared.configuration.authentication.jwt_secret.as_ref();
    // The guides make a cluster a member by an edit, which sets the jwtSecret of its host.
    let role = |name| applied["spec"]["multicluster"]["clusterRole"] == name;
    let joins = prepared.configuration.role() == Role::Member && !role("member") && !role("host");
    let secret = secret.filter(|_| !joins);
    if let Some(secret) =
        secret.filter(|secret| !allowed.includes(JWT_SECRET, &Value::from(&***secret)))
        && secret_ref::in_use(cluster).await?.is_some_and(|live| live != **secret)
    {
        changed.extend(RESTRICTED.iter().filter(|field| field.path == JWT_SECRET));
    }
    if changed.is_empty() { Ok(()) } else { Err(Error::Restricted(changed)) }
}

const JWT_SECRET: &str = "authentication.jwtSecret";

/// The values of restricted fields that an administrator allows.
#[derive(Debug, Default)]
struct Allowed(BTreeMap<String, Vec<String>>);

impl Allowed {
    async fn read(cluster: &Cluster) -> Result<Self, Error> {
        let live = cluster.get(&policy()).await?;
        Ok(live.map(|live| Self::of(&live)).unwrap_or_default())
    }

    fn of(live: &Value) -> Self {
        let data = live["data"].as_object().into_iter().flatten();
        let lines = data.map(|(field, text)| {
            let lines = text.as_str().unwrap_or_default().lines().map(str::trim);
            (field.clone(), lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
        });
        Self(lines.collect())
    }

    fn includes(&self, field: &str, value: &Value) -> bool {
        let Some(patterns) = self.0.get(field) else { return false };
        let matches = |text: &str| patterns.iter().any(|pattern| is_like(text, pattern));
        match value {
            Value::String(text) => matches(text),
            Value::Array(items) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).all(matches)
            }
            other => matches(&other.to_string()),
        }
    }
}

/// The ConfigMap with the allowed values.
fn policy() -> ObjectId {
    Kind::new("", "v1", "ConfigMap").named(Some(config::NAMESPACE), POLICY)
}

/// Restricted fields with values that were neither applied last nor are the default nor are allowed. Secrets
/// are in no history: they do not count.
fn changed(configuration: &Configuration, applied: &Value, allowed: &Allowed) -> Vec<Restricted> {
    let wanted = spec(configuration);
    let defaults = spec(&Configuration::default());
    let at = |spec: &Value, path: &str| {
        let pointer = format!("/{}", path.replace('.', "/"));
        spec.pointer(&pointer).cloned().unwrap_or_default()
    };
    let is_changed = |field: &&Restricted| {
        let value = at(&wanted, field.path);
        let before = at(applied, field.path);
        value != before
            && !(field.free_once && is_unset(&before))
            && value != at(&defaults, field.path)
            && !allowed.includes(field.path, &value)
    };
    RESTRICTED.iter().filter(is_changed).copied().collect()
}

fn is_unset(value: &Value) -> bool {
    value.is_null() || value == ""
}

/// The specification as the history has it.
fn spec(configuration: &Configuration) -> Value {
    let (text, _) = without_secrets(configuration);
    embedded::parse(&text).unwrap_or_default()["spec"].take()
}

/// Whether a text matches a pattern, in which `*` stands for any text.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(text) = text.strip_prefix(begin) else { return false };
    (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| is_like(&text[at..], rest))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn configuration(path: &str, value: Value) -> Configuration {
        let spec = path.rsplit('.').fold(value, |inner, key| json!({ key: inner }));
        serde_json::from_value(spec).unwrap()
    }

    fn names(found: &[Restricted]) -> Vec<&'static str> {
        found.iter().map(|field| field.path).collect()
    }

    /// A value other than the default for each field that the history contains.
    fn values() -> Vec<(&'static str, Value)> {
        let volumes = json!([{"name": "root", "hostPath": {"path": "/"}}]);
        let mounts = json!([{"name": "root", "mountPath": "/host"}]);
        vec![
            ("local_registry", json!("registry.example.com")),
            ("namespace_override", json!("mine")),
            ("dev_tag", json!("latest")),
            ("terminal.image", json!("example.com/shell:v1")),
            ("multicluster.agentImage", json!("example.com/agent:v1")),
            ("common.core.console.extraVolumes", volumes),
            ("common.core.console.extraVolumeMounts", mounts),
            ("images.pullSecrets", json!(["tower-ca"])),
            ("multicluster.tower.ca.secretName", json!("mine")),
            ("authentication.jwtSecretRef", json!({"name": "token", "key": "token"})),
            (
                "authentication.oauthOptions",
                json!({"identityProviders": [{"name": "mine", "type": "OIDCIdentityProvider"}]}),
            ),
            ("multicluster.tower.service", json!({"type": "NodePort"})),
            ("multicluster.tower.networkPolicy", json!(false)),
            ("multicluster.proxyPublishAddress", json!("http://192.0.2.1:8080")),
            ("common.es.externalElasticsearchHost", json!("es.example.com")),
            ("common.opensearch.externalOpensearchHost", json!("os.example.com")),
            ("common.monitoring.endpoint", json!("http://prometheus.example.com:9090")),
            ("common.notification.endpoint", json!("http://mail.example.com:1111")),
            ("common.s3.endpoint", json!("http://s3.example.com:9000")),
            ("devops.sonarqube.externalSonarUrl", json!("http://sonar.example.com:9000")),
        ]
    }

    #[test]
    fn each_restricted_field_needs_permission_for_a_new_value() {
        let values = values();
        let tested: Vec<_> = values.iter().map(|(path, _)| *path).collect();
        let stored = RESTRICTED.iter().map(|field| field.path).filter(|path| *path != JWT_SECRET);
        assert_eq!(tested, stored.collect::<Vec<_>>());
        let before = spec(&Configuration::default());
        let nothing = Allowed::default();
        assert_eq!(names(&changed(&Configuration::default(), &before, &nothing)), [""; 0]);
        for (path, value) in values {
            let wanted = configuration(path, value);
            let field = RESTRICTED.iter().find(|field| field.path == path).unwrap();
            let before = if field.free_once {
                spec(&configuration(path, json!("http://192.0.2.9:8080")))
            } else {
                before.clone()
            };
            assert_eq!(names(&changed(&wanted, &before, &nothing)), [path]);
            // What was applied last stays allowed, and so does the way back.
            assert_eq!(names(&changed(&wanted, &spec(&wanted), &nothing)), [""; 0], "{path}");
            let default = Configuration::default();
            assert_eq!(names(&changed(&default, &spec(&wanted), &nothing)), [""; 0], "{path}");
            let anything = Allowed::of(&json!({"data": {path: "*"}}));
            assert_eq!(names(&changed(&wanted, &before, &anything)), [""; 0], "{path}");
        }
    }

    #[test]
    fn other_fields_are_free() {
        let before = spec(&Configuration::default());
        for (path, value) in [
            ("common.core.console.port", json!(30881)),
            ("multicluster.clusterRole", json!("host")),
            ("enableHA", json!(true)),
            // The first time.
            ("multicluster.proxyPublishAddress", json!("http://192.0.2.1:8080")),
        ] {
            let found = changed(&configuration(path, value), &before, &Allowed::default());
            assert_eq!(names(&found), [""; 0], "{path}");
        }
    }

    #[test]
    fn an_administrator_allows_values_by_line_and_pattern() {
        let allowed = Allowed::of(&json!({"data": {
            "local_registry": "registry.example.com\n\n  *.corp.example.com/team\n",
            "images.pullSecrets": "pull-*",
            "multicluster.tower.networkPolicy": "false",
        }}));
        for (field, value, included) in [
            ("local_registry", json!("registry.example.com"), true),
            ("local_registry", json!("registry.example.com.evil.org"), false),
            ("local_registry", json!("a.corp.example.com/team"), true),
            ("local_registry", json!("a.corp.example.com/team/x"), false),
            ("images.pullSecrets", json!(["pull-a", "pull-b"]), true),
            ("images.pullSecrets", json!(["pull-a", "tower-ca"]), false),
            ("multicluster.tower.networkPolicy", json!(false), true),
            ("dev_tag", json!("latest"), false),
        ] {
            assert_eq!(allowed.includes(field, &value), included, "{field} {value}");
        }
    }
}
