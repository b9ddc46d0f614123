//! The templates and what comes out of them, for every role.
#![allow(clippy::unwrap_used, clippy::panic)] // In the helpers of tests, which clippy does not take for tests.

#[path = "render/federation.rs"]
mod federation;
#[path = "render/hostile.rs"]
mod hostile;
#[path = "render/kubesphere_config.rs"]
mod kubesphere_config;
#[path = "render/objects.rs"]
mod objects;
#[path = "render/templates.rs"]
mod templates;
#[path = "render/workloads.rs"]
mod workloads;

use ksi::config::Configuration;
use ksi::facts::Facts;
use ksi::object::Object;
use ksi::render::{self, Input};
use ksi::values::{Certificate, SecretText, ValueSource, Values};
use serde_json::{Value, json};

const ROLES: [&str; 3] = ["host", "member", "none"];

fn values() -> Values {
    let text = |text: &str| SecretText { text: text.to_owned(), source: ValueSource::Generated };
    let pair = |name: &str| Certificate {
        certificate: format!("{name} certificate\n"),
        key: format!("{name} key\n"),
        source: ValueSource::Generated,
    };
    Values {
        jwt_secret: text("jwt-secret"),
        static_token: text("static-token"),
        admin_password: text("admin-password"),
        admin_password_hash: text("admin-hash"),
        redis_password: text("redis-password"),
        tower_ca: pair("tower"),
        webhook_ca: pair("webhook-ca"),
        controller_manager_webhook: pair("controller-manager"),
        kubefed_webhook: pair("kubefed"),
    }
}

pub(crate) fn render_with(spec: Value, facts: &Facts) -> Vec<Object> {
    let configuration = Configuration::from_json(spec).unwrap();
    let values = values();
    let input = Input {
        configuration: &configuration,
        facts,
        values: &values,
        version: render::DEFAULT_VERSION,
    };
    render::render(&input).unwrap_or_else(|problems| {
        panic!("{:#?}", problems.iter().map(|p| p.message.clone()).collect::<Vec<_>>())
    })
}

fn render(spec: Value) -> Vec<Object> {
    render_with(spec, &Facts::default())
}

/// Every component of one role. Enable optional components here.
pub(crate) fn everything_with(role: &str, facts: &Facts) -> Vec<Object> {
    let spec = json!({
        "multicluster": {"clusterRole": role},
        "common": {"redis": {"enabled": true}},
        "metrics_server": {"enabled": true},
    });
    render_with(spec, facts)
}

fn everything(role: &str) -> Vec<Object> {
    everything_with(role, &Facts::default())
}

fn find<'a>(objects: &'a [Object], name: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object.id.to_string() == name).map(|object| &object.body)
}

fn get<'a>(objects: &'a [Object], name: &str) -> &'a Value {
    find(objects, name).unwrap_or_else(|| panic!("no {name}"))
}

/// Each value in a tree with its path.
fn walk(value: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(path, value);
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| walk(v, &format!("{path}.{k}"), visit)),
        Value::Array(items) => items.iter().for_each(|item| walk(item, path, visit)),
        _ => {}
    }
}

/// The document `kubesphere.yaml`.
pub(crate) fn document(objects: &[Object]) -> Value {
    let mut sources = ksi::diagnostic::Sources::default();
    let id = sources.add("kubesphere.yaml", kubesphere_yaml(objects));
    let (documents, problems) = ksi::yaml::parse(&sources, id);
    assert!(problems.is_empty(), "{problems:?}");
    documents[0].to_json()
}

fn kubesphere_yaml(objects: &[Object]) -> &str {
    let config = get(objects, "ConfigMap/kubesphere-system/kubesphere-config");
    config["data"]["kubesphere.yaml"].as_str().unwrap()
}
