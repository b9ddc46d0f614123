//! What is wrong with an object that does not become healthy.

use serde::Serialize;

use crate::object::ObjectId;

/// One thing that is wrong, and what to do about it. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The object at fault: often a pod of the one that is not healthy.
    pub object: ObjectId,
    /// One word, as controllers write it: `ImagePullBackOff`.
    pub reason: String,
    /// What is wrong, one sentence.
    pub message: String,
    /// The last events and log lines.
    pub lines: Vec<String>,
    /// What to do next, one sentence.
    pub next_step: String,
}
