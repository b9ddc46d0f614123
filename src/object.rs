//! Objects: manifests with their identity and management policy.

pub mod age;
mod contents;
mod counted;
mod dry_run;
pub mod duration;
pub mod embedded;
mod federation;
mod foreign;
mod held;
mod id;
pub mod images;
pub mod kubesphere;
pub mod mask;
pub mod message;
pub mod order;
mod pattern;
pub mod quantity;
mod rules;
pub mod scrub;
mod secret_fields;
pub mod semantic;
mod setting;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use contents::Contents;
pub use counted::counted;
pub use dry_run::{DryRunResult, FieldConflict};
pub use foreign::{changed_by_others, foreign_fields, owned_fields, written_at};
pub use held::Held;
pub use id::ObjectId;
pub use mask::Masker;
pub use pattern::{KindPattern, PathPattern, Segment};
pub use rules::{
    DeletionConsent, Finalizers, Generated, KeepMarker, Protected, PutFinalizers, Releasing, Rules,
    rules,
};
pub use scrub::Scrubber;
pub use setting::{Setting, SettingNames};

/// Why a federated object stays as it is.
pub const FEDERATED: &str =
    "managed by KubeFed of the host cluster (label kubefed.io/managed=true)";

/// Whether KubeFed distributed a live object to this cluster. A host is a member of its own federation.
pub fn is_federated(live: &Value) -> bool {
    live["metadata"]["labels"]["kubefed.io/managed"] == "true"
}

/// Whether a live object is terminating: it exists until its finalizers are removed.
pub fn is_terminating(live: &Value) -> bool {
    !live["metadata"]["deletionTimestamp"].is_null()
}

/// Group and name of the kind that a manifest defines; `None` if it is not a `CustomResourceDefinition`.
pub fn defined_kind(body: &Value) -> Option<(&str, &str)> {
    let spec = &body["spec"];
    let is_definition = body["kind"] == "CustomResourceDefinition";
    spec["group"].as_str().zip(spec["names"]["kind"].as_str()).filter(|_| is_definition)
}

/// The annotation in which `kubectl apply` stores the applied manifest.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The field manager under which ksi writes.
pub const FIELD_MANAGER: &str = "ksi";

/// How ksi manages an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Server-side apply of every rendered field, without force.
    #[default]
    Apply,
    /// Created once and then left alone: somebody else owns it from then on.
    Create,
    /// Only the rendered labels and annotations of an object that is not ours.
    Patch,
    /// A ConfigMap whose text KubeSphere rewrites: compared and merged by key.
    Embedded,
}

/// A desired object.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Its identity.
    pub id: ObjectId,
    /// The component that renders it.
    pub component: String,
    /// How ksi manages it.
    pub policy: Policy,
    /// The manifest itself: a JSON object with `apiVersion`, `kind` and `metadata`.
    pub body: Value,
}
