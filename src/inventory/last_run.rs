//! The last run, as the inventory records it.

use serde::{Deserialize, Serialize};

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Operation {
    /// It applies a configuration.
    Apply,
    /// It uninstalls.
    Uninstall,
}

/// A run. It is recorded before the first write, without its end, and again at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// What it does.
    pub operation: Operation,
    /// Who ran it: `user@host`.
    pub by: String,
    /// When it took the lock, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339; `None` while it is at work, and for ever if it was killed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl LastRun {
    /// Whether it reached its end.
    pub fn has_succeeded(&self) -> bool {
        self.ended.is_some() && self.error.is_none()
    }
}
