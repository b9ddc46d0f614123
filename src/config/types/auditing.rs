//! Audit records and admission policies.

use super::Workload;
use super::section::section;

section! {
    /// Audit records: who did what.
    Auditing {
        /// Whether auditing is installed.
        enabled: bool,
        /// Its operator.
        operator: Workload,
        /// The webhook that receives the records.
        webhook: Workload,
        placement;
    }

    /// Admission policies with Open Policy Agent.
    Gatekeeper {
        /// Whether Gatekeeper is installed.
        enabled: bool,
        /// The controller that answers admission requests.
        #[serde(rename = "controller_manager")]
        controller_manager: Workload,
        /// The audit of objects that already exist.
        audit: Workload,
        placement;
    }
}
