//! Reads the serialized configuration by path, for templates that refer to a section.

use serde_json::Value;

/// The `spec` of a ClusterConfiguration with all defaults. Optional keys that are not set are absent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spec<'a>(pub(super) &'a Value);

impl<'a> Spec<'a> {
    /// The value at a dotted path; `None` when a key is absent or null.
    pub(super) fn value(self, path: &str) -> Option<&'a Value> {
        path.split('.').try_fold(self.0, |value, key| value.get(key)).filter(|v| !v.is_null())
    }
}
