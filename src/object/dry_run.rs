//! The result of a dry run.

use serde::Serialize;
use serde_json::Value;

/// The result of a dry run of a write. Targets without dry runs have none; then manifests are compared.
/// `Debug` may show the manifest.
#[derive(Debug, Clone, PartialEq)]
pub enum DryRunResult {
    /// Nobody changed our fields since we wrote them, and we would write the same: no request is needed.
    UpToDate,
    /// The object after the write.
    Changes(Value),
    /// Other field managers own fields that we would change.
    Conflict {
        /// The fields and their managers.
        fields: Vec<FieldConflict>,
        /// The object after a forced write; `None` if that is rejected, too.
        forced: Option<Value>,
    },
    /// The server rejects the write: why.
    Rejected(String),
}

/// A field that we would change and that another field manager owns.
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
