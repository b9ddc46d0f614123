//! The keys of ks-installer's status that KubeSphere's console, KubeKey and scripts read. Here they are true: a part
//! is `enabled` as long as it is installed and has been healthy.

use serde_json::{Map, Value};

use crate::config::KUBESPHERE_VERSION;
use crate::controller::state::State;
use crate::status::{Report, State as Health};

/// Key of the status, and the component that it is about.
const KEYS: &[(&str, &str)] = &[
    ("core", "ks-core"),
    ("multicluster", "tower"),
    ("redis", "redis"),
    ("metricsServer", "metrics-server"),
];

/// The keys; those of parts that are not installed are absent. Before there is a report, they stay as they are.
pub(super) fn keys(state: &State, old: &Value, now: &str) -> Map<String, Value> {
    let mut keys = Map::new();
    for (key, component) in KEYS {
        let before = &old[key];
        let value = match &state.report {
            Some(report) => value(report, component, before, now),
            None => Some(before.clone()).filter(|before| !before.is_null()),
        };
        if let Some(value) = value {
            keys.insert((*key).to_owned(), value);
        }
    }
    if keys.contains_key("core") {
        let version = state.report.as_ref().and_then(|report| report.kubesphere.clone());
        keys["core"]["version"] = version.unwrap_or_else(|| KUBESPHERE_VERSION.to_owned()).into();
    }
    keys
}

fn value(report: &Report, component: &str, before: &Value, now: &str) -> Option<Value> {
    let component = report.components.iter().find(|one| one.name == component)?;
    let was = before["status"] == "enabled";
    if component.state != Health::Healthy && !was {
        return None;
    }
    let since = before["enabledTime"].as_str().filter(|_| was).unwrap_or(now);
    let mut value = before.as_object().cloned().unwrap_or_default();
    value.insert("status".to_owned(), "enabled".into());
    value.insert("enabledTime".to_owned(), since.into());
    Some(Value::Object(value))
}
