//! What extends the API itself: until it answers, objects of its kinds cannot even be read.

use serde_json::Value;

use super::Health;
use super::condition::{condition, denies, holds};

/// Names that another definition has taken stay taken; all else comes within a second.
pub(super) fn definition(live: &Value) -> Health {
    if let Some(refused) = denies(live, "NamesAccepted") {
        return Health::failed(refused.says());
    }
    if holds(live, "Established").is_some() && holds(live, "NamesAccepted").is_some() {
        return Health::Healthy;
    }
    match condition(live, "Established") {
        Some(established) if !established.is_true() => Health::progressing(established.says()),
        _ => Health::progressing("is not established yet"),
    }
}

/// An `APIService` that is not available breaks discovery, and with it the deletion of Namespaces.
pub(super) fn service(live: &Value) -> Health {
    match condition(live, "Available") {
        Some(available) if available.is_true() => Health::Healthy,
        Some(available) => Health::progressing(available.says()),
        None => Health::progressing("is not available yet"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::health::tests::{assert_judged, changed};

    #[test]
    fn on_their_way() {
        let crd = |conditions: serde_json::Value| {
            changed("crd-established", &[("/status/conditions", conditions)])
        };
        let fresh = "progressing: is not established yet";
        assert_judged(&[
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
                "progressing: is not available yet",
            ),
        ]);
    }
}
