//! Which object it is, and which state of it.

use serde_json::Value;

/// What tells an object from another of the same name, and one state of it from the next.
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
