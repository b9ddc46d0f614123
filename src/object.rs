//! One rendered manifest, what identifies it, and how far it is ours.

pub mod duration;
pub mod embedded;
mod forecast;
mod foreign;
mod id;
pub mod images;
pub mod mask;
pub mod meaning;
pub mod order;
mod pattern;
pub mod quantity;
mod rules;
pub mod scrub;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use forecast::{FieldConflict, Forecast};
pub use foreign::{foreign_fields, owned_fields};
pub use id::ObjectId;
pub use mask::Masker;
pub use pattern::{KindPattern, PathPattern, Segment};
pub use rules::{Finalizers, GuardFlag, Guarded, KeepMarker, Releasing, Rules, rules};
pub use scrub::Scrubber;

/// Whether a live object is being deleted: it is there until its finalizers are taken off.
pub fn is_departing(live: &Value) -> bool {
    !live["metadata"]["deletionTimestamp"].is_null()
}

/// Group and name of the kind that a manifest defines; `None` where it is no `CustomResourceDefinition`.
pub fn defined_kind(body: &Value) -> Option<(&str, &str)> {
    let spec = &body["spec"];
    let is_definition = body["kind"] == "CustomResourceDefinition";
    spec["group"].as_str().zip(spec["names"]["kind"].as_str()).filter(|_| is_definition)
}

/// The annotation in which `kubectl apply` notes what it was given.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The field manager under which ksi writes.
pub const FIELD_MANAGER: &str = "ksi";

/// How far an object is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Server-side apply of every field that is rendered, without force.
    #[default]
    Apply,
    /// Created once, never compared again: somebody else owns it from then on.
    Create,
    /// Only the named labels and annotations of an object that is not ours.
    Patch,
    /// A ConfigMap whose text KubeSphere rewrites: compared and merged by key.
    Embedded,
}

/// A manifest that ksi wants in the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// What identifies it.
    pub id: ObjectId,
    /// The component that renders it.
    pub component: String,
    /// How far it is ours.
    pub policy: Policy,
    /// The manifest itself: a JSON object with `apiVersion`, `kind` and `metadata`.
    pub body: Value,
}
