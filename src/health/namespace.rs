//! Namespaces.

use serde_json::Value;

use super::Health;
use super::condition::conditions;

/// A Namespace takes objects while it is active.
pub(super) fn judge(live: &Value) -> Health {
    match live["status"]["phase"].as_str() {
        Some("Active") => Health::Healthy,
        Some("Terminating") => match awaited(live) {
            Some(awaited) => Health::progressing(format!("is being deleted: {awaited}")),
            None => Health::progressing("is being deleted"),
        },
        _ => Health::progressing("is not active yet"),
    }
}

/// What the end of a Namespace waits for, as its controller says in conditions that are true; who
/// holds an object back (a finalizer) comes first, then what cannot be listed, then what is left.
pub(super) fn awaited(live: &Value) -> Option<String> {
    const ORDER: &[&str] = &[
        "NamespaceFinalizersRemaining",
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceDeletionContentFailure",
        "NamespaceContentRemaining",
    ];
    let rank = |name: &str| ORDER.iter().position(|known| *known == name);
    let mut found: Vec<_> = conditions(live)
        .filter(|condition| condition.is_true())
        .filter_map(|condition| Some((rank(condition.name())?, condition.message())))
        .collect();
    found.sort();
    let messages: Vec<_> = found.into_iter().map(|(_, message)| message).collect();
    (!messages.is_empty()).then(|| messages.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::health::tests::{assert_judged, changed};

    #[test]
    fn on_their_way() {
        let phase = |phase: &str| changed("namespace-active", &[("/status/phase", json!(phase))]);
        assert_judged(&[
            (phase("Terminating"), "progressing: is being deleted"),
            (phase(""), "progressing: is not active yet"),
            (
                changed(
                    "namespace-terminating",
                    &[
                        ("/status/conditions/0/status", json!("True")),
                        ("/status/conditions/0/message", json!("a.example.io/v1 does not answer")),
                        ("/status/conditions/3/status", json!("False")),
                        ("/status/conditions/4/status", json!("False")),
                    ],
                ),
                "progressing: is being deleted: a.example.io/v1 does not answer",
            ),
        ]);
    }
}
