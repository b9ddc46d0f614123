//! Namespaces.

use serde_json::Value;

use super::Health;
use super::condition::conditions;

/// A Namespace accepts objects while it is active.
pub(super) fn assess(live: &Value) -> Health {
    match live["status"]["phase"].as_str() {
        Some("Active") => Health::Healthy,
        Some("Terminating") => match blocker(live) {
            Some(blocker) => Health::progressing(format!("is being deleted: {blocker}")),
            None => Health::progressing("is being deleted"),
        },
        _ => Health::progressing("not active yet"),
    }
}

/// What blocks the deletion of a Namespace, from the conditions that are true: first finalizers, then
/// kinds that cannot be listed, then remaining content.
pub(super) fn blocker(live: &Value) -> Option<String> {
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

    use crate::health::tests::{assert_assessed, changed};

    #[test]
    fn not_active() {
        let phase = |phase: &str| changed("namespace-active", &[("/status/phase", json!(phase))]);
        assert_assessed(&[
            (phase("Terminating"), "progressing: is being deleted"),
            (phase(""), "progressing: not active yet"),
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
