//! The effective configuration as an object, to be shown or stored.

use serde_json::{Value, json};

use crate::config::{self, Configuration};
use crate::object::{Scrubber, embedded};
use crate::yaml::{self, Path};

/// A ClusterConfiguration with this specification.
pub fn document(spec: &Value) -> Value {
    json!({
        "apiVersion": config::API_VERSION,
        "kind": config::KIND,
        "metadata": {"name": config::NAME, "namespace": config::NAMESPACE},
        "spec": spec,
    })
}

/// The whole specification with all defaults, and asterisks in place of every secret.
///
/// # Errors
/// It cannot be serialized.
pub fn redacted_spec(configuration: &Configuration) -> Result<Value, serde_json::Error> {
    let mut spec = serde_json::to_value(configuration)?;
    redact(&mut spec, &Path::default());
    Ok(spec)
}

/// A stored configuration with asterisks in place of every secret: older versions of ksi stored some. A text that is
/// none is hidden as a whole.
pub(super) fn redacted(text: &str) -> String {
    let Ok(mut document) = embedded::parse(text) else { return "***".to_owned() };
    redact(&mut document["spec"], &Path::default());
    yaml::emit(&document)
}

fn redact(value: &mut Value, path: &Path) {
    match value {
        Value::Object(map) => {
            for (key, child) in map {
                redact(child, &path.key(key));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                redact(item, &path.index(at));
            }
        }
        Value::String(text) if text.is_empty() => {}
        Value::String(_) | Value::Number(_) if config::is_sensitive(path) => *value = "***".into(),
        Value::String(text) => *text = Scrubber::new().text(text),
        _ => {}
    }
}
