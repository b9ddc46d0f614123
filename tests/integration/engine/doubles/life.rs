//! Scripted controllers, webhooks and finalizers for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ksi::health::Cause;
use ksi::object::ObjectId;
use ksi::target::{ErrorKind, Finding};
use serde_json::{Value, json};

/// When objects become healthy, which writes are rejected, which deletions take long. Time is
/// counted in calls of `changed` and `probe`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Life {
    /// How long an object takes to become healthy; others are healthy at once.
    pub(crate) slow: BTreeMap<ObjectId, usize>,
    /// Objects that fail permanently, and why.
    pub(crate) broken: BTreeMap<ObjectId, String>,
    /// Writes that are rejected.
    pub(crate) refused: BTreeMap<ObjectId, ErrorKind>,
    /// How often a write is rejected because a resource is still allocated.
    pub(crate) held: BTreeMap<ObjectId, usize>,
    /// How long a deleted object is terminating because of a finalizer.
    pub(crate) lingers: BTreeMap<ObjectId, usize>,
    /// Deleted objects of which nobody but ksi removes the finalizers.
    pub(crate) unattended: BTreeSet<ObjectId>,
    /// When the pods of a deleted Deployment have ended.
    pub(crate) stops: BTreeMap<ObjectId, usize>,
    /// How often a controller creates a deleted object again.
    pub(crate) replaced: BTreeMap<ObjectId, usize>,
    /// When the webhook of a kind begins to respond.
    pub(crate) guarded: BTreeMap<String, usize>,
    /// Why objects are not healthy, and for how long that is known.
    pub(crate) causes: BTreeMap<ObjectId, (usize, Cause)>,
    /// When the target does not answer.
    pub(crate) silent: std::ops::Range<usize>,
    /// The findings of a diagnosis.
    pub(crate) findings: BTreeMap<ObjectId, Finding>,
    /// Warnings, each reported once.
    pub(crate) warnings: Arc<Mutex<Vec<String>>>,
}

impl Life {
    /// A moment passes.
    pub(super) async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    pub(super) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Gives an object of this age the status that its controller would write.
    pub(super) fn status(&self, id: &ObjectId, age: usize, body: &mut Value) {
        body["metadata"]["generation"] = json!(2);
        let takes = self.slow.get(id).copied().unwrap_or_default();
        if age < takes {
            body["status"] = json!({"observedGeneration": 1});
            return;
        }
        let mut status = settled(&id.kind, body);
        if let Some(why) = self.broken.get(id) {
            let condition = json!({
                "type": "Progressing", "status": "False",
                "reason": "ProgressDeadlineExceeded", "message": why,
            });
            status["conditions"] = json!([condition]);
        }
        if !status.is_null() {
            status["observedGeneration"] = json!(2);
            body["status"] = status;
        }
    }
}

/// The status of a healthy object.
fn settled(kind: &str, body: &Value) -> Value {
    let yes = |names: &[&str]| {
        names.iter().map(|name| json!({"type": name, "status": "True"})).collect::<Value>()
    };
    match kind {
        "CustomResourceDefinition" => json!({"conditions": yes(&["NamesAccepted", "Established"])}),
        "Namespace" => json!({"phase": "Active"}),
        "APIService" => json!({"conditions": yes(&["Available"])}),
        "Deployment" => {
            let replicas = body["spec"]["replicas"].as_u64().unwrap_or(1);
            json!({
                "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas,
                "availableReplicas": replicas, "conditions": yes(&["Available"]),
            })
        }
        "User" => json!({"state": "Active"}),
        _ => Value::Null,
    }
}

/// Marks an object as being deleted.
pub(super) fn mark_deleted(body: &mut Value) {
    body["metadata"]["deletionTimestamp"] = json!("2027-01-15T08:00:00Z");
}

/// Marks an object as being deleted, with a finalizer that is removed later.
pub(super) fn begin_termination(body: &mut Value) {
    mark_deleted(body);
    body["metadata"]["finalizers"] = json!(["finalizers.test/slow"]);
}
