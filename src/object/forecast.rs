//! What the place itself says about writing an object.

use serde::Serialize;
use serde_json::Value;

/// What the place itself says about writing an object; where it says nothing, manifests are compared.
/// `Debug` may show the manifest.
#[derive(Debug, Clone, PartialEq)]
pub enum Forecast {
    /// Nothing of ours was touched since we wrote it, and we would write the same: no request is
    /// needed.
    Settled,
    /// The object as it would be.
    Becomes(Value),
    /// Others own fields that we would change.
    Conflict {
        /// The fields, and who owns them.
        fields: Vec<FieldConflict>,
        /// The object as it would be if the fields were taken; `None` when that is refused too.
        forced: Option<Value>,
    },
    /// The place would not accept it: why.
    Refused(String),
}

/// A field that we would change and that somebody else owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldConflict {
    /// The field manager that owns it.
    pub manager: String,
    /// As the API server writes it: `.spec.template.spec.containers[name="a"].image`.
    pub field: String,
}

/// `.spec.replicas (kubectl-edit)`.
impl std::fmt::Display for FieldConflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.field, self.manager)
    }
}
