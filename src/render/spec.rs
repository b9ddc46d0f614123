//! Reads the serialised configuration by path.

use serde_json::Value;

/// The `spec` of a ClusterConfiguration with all defaults filled in. Keys that are optional and not
/// given are absent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spec<'a>(pub(super) &'a Value);

impl<'a> Spec<'a> {
    /// The value at a dotted path; `None` when a key is absent or null.
    pub(super) fn value(self, path: &str) -> Option<&'a Value> {
        path.split('.').try_fold(self.0, |value, key| value.get(key)).filter(|v| !v.is_null())
    }

    /// A text that is not empty; numbers count as the text they are written as.
    pub(super) fn text(self, path: &str) -> Option<String> {
        match self.value(path)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Whether a switch is on; absent is off.
    pub(super) fn on(self, path: &str) -> bool {
        self.value(path).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A whole number.
    pub(super) fn number(self, path: &str) -> Option<i64> {
        self.value(path)?.as_i64()
    }

    /// The role: `host`, `member` or `none`.
    pub(super) fn role(self) -> &'a str {
        self.value("multicluster.clusterRole").and_then(Value::as_str).unwrap_or("none")
    }

    /// Whether Redis is installed and used.
    pub(super) fn redis(self) -> bool {
        self.on("common.redis.enabled") || self.on("enableHA")
    }
}
