//! API extensions: until they are available, objects of their kinds cannot even be read.

use serde_json::Value;

use super::Health;
use super::condition::{condition, false_condition, true_condition};

/// A name conflict with another definition is permanent; everything else resolves within a second.
pub(super) fn definition(live: &Value) -> Health {
    if let Some(refused) = false_condition(live, "NamesAccepted") {
        return Health::failed(refused.describe());
    }
    if true_condition(live, "Established").is_some()
        && true_condition(live, "NamesAccepted").is_some()
    {
        return Health::Healthy;
    }
    match condition(live, "Established") {
        Some(established) if !established.is_true() => Health::progressing(established.describe()),
        _ => Health::progressing("not established yet"),
    }
}

/// An `APIService` that is not available breaks discovery, and with it the deletion of Namespaces.
pub(super) fn service(live: &Value) -> Health {
    match condition(live, "Available") {
        Some(available) if available.is_true() => Health::Healthy,
        Some(available) => Health::progressing(available.describe()),
        None => Health::progressing("not available yet"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::health::tests::{assert_assessed, changed};

    #[test]
    fn not_yet_available() {
        let crd = |conditions: serde_json::Value| {
            changed("crd-established", &[("/status/conditions", conditions)])
        };
        let fresh = "progressing: not established yet";
        assert_assessed(&[
            (crd(json!(null)), fresh),
            (crd(json!([{"type": "NamesAccepted", "status": "True"}])), fresh),
            (crd(json!([{"type": "Established", "status": "True"}])), fresh),
            (
                crd(json!([{"type": "NamesAccepted", "status": "True"}, {"type": "Established",
                    "status": "False", "reason": "Installing", "message": "the initial names have \
                    been accepted"}])),
                "progressing: Installing: the initial names have been accepted",
            ),
            (
                changed("apiservice-available", &[("/status", json!({}))]),
                "progressing: not available yet",
            ),
        ]);
    }
}
