//! The last gate before writing: placeholders are for showing, never for a target.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::values::AT_INSTALL;

/// Whether a manifest holds the text that stands for a value not generated yet, plain or as Secrets and
/// `caBundle` hold it.
pub(super) fn is_unresolved(body: &Value) -> bool {
    holds(body, &STANDARD.encode(AT_INSTALL))
}

fn holds(value: &Value, encoded: &str) -> bool {
    match value {
        Value::String(text) => text.contains(AT_INSTALL) || text == encoded,
        Value::Array(items) => items.iter().any(|item| holds(item, encoded)),
        Value::Object(map) => map.values().any(|item| holds(item, encoded)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_are_found_plain_encoded_and_inside_texts() {
        assert!(is_unresolved(&json!({"data": {"a": STANDARD.encode(AT_INSTALL)}})));
        assert!(is_unresolved(&json!({"list": [{"text": format!("jwtSecret: {AT_INSTALL}\n")}]})));
        assert!(!is_unresolved(&json!({"a": ["generated", 1, null, {"b": "install"}]})));
    }
}
