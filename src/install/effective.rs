//! The effective configuration as an object, to be shown or stored.

use serde_json::{Value, json};

use crate::config::{self, Configuration};
use crate::yaml::Path;

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
        Value::String(text) if !text.is_empty() && config::is_sensitive(path) => {
            "***".clone_into(text);
        }
        _ => {}
    }
}
