//! The uid and version of an object.

use serde_json::Value;

/// Distinguishes an object from another one of the same name, and its states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) uid: String,
    pub(super) resource_version: Option<String>,
}

impl Identity {
    pub(super) fn of(live: &Value) -> Option<Self> {
        let metadata = &live["metadata"];
        let text = |name: &str| metadata[name].as_str().map(str::to_owned);
        Some(Self { uid: text("uid")?, resource_version: text("resourceVersion") })
    }
}
