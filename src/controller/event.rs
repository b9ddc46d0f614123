//! The Kubernetes Events of the controller: one table of reasons, and the object that is written.

use serde_json::{Value, json};

use super::cc::Configured;
use crate::config;

/// Why an Event is written. Only changes are told, never states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A configuration was applied.
    Applied,
    /// A run failed.
    Failed,
    /// The configuration is invalid.
    Invalid,
    /// A plan waits for its approval.
    ApprovalRequired,
    /// What others changed was put back.
    DriftRepaired,
    /// Others changed something, and mode `observe` leaves it.
    DriftDetected,
    /// A field is left alone.
    Contested,
    /// A newer edit took the place of a run.
    Superseded,
    /// The controller has been paused for a day.
    PausedLong,
    /// There is another ClusterConfiguration.
    Ignored,
}

/// Reason, type, and when it is written.
pub const REASONS: &[(Reason, &str, &str, &str)] = &[
    (
        Reason::Applied,
        "Applied",
        "Normal",
        "a configuration was applied; the message counts what was changed",
    ),
    (
        Reason::Failed,
        "Failed",
        "Warning",
        "a run failed; the message says why and whether it is repeated",
    ),
    (Reason::Invalid, "Invalid", "Warning", "the configuration is invalid; nothing was changed"),
    (
        Reason::ApprovalRequired,
        "ApprovalRequired",
        "Normal",
        "a plan waits for its approval; the message has its hash",
    ),
    (
        Reason::DriftRepaired,
        "DriftRepaired",
        "Normal",
        "what others changed or deleted was put back: object, field, writer, old and new value",
    ),
    (
        Reason::DriftDetected,
        "DriftDetected",
        "Warning",
        "others changed something that mode `observe` or `plan` leaves as it is",
    ),
    (
        Reason::Contested,
        "Contested",
        "Warning",
        "a field was turned back three times within ten minutes and is left alone",
    ),
    (Reason::Superseded, "Superseded", "Normal", "a newer edit took the place of a run"),
    (
        Reason::PausedLong,
        "PausedLong",
        "Warning",
        "the controller has been paused for more than a day",
    ),
    (
        Reason::Ignored,
        "Ignored",
        "Warning",
        "another ClusterConfiguration exists; only kubesphere-system/ks-installer is followed",
    ),
];

/// The longest message that the API server takes.
const LONGEST: usize = 1024;

impl Reason {
    fn row(self) -> (&'static str, &'static str) {
        let row = REASONS.iter().find(|(reason, ..)| *reason == self);
        row.map_or(("", "Normal"), |(_, name, kind, _)| (name, kind))
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        self.row().0
    }
}

/// The Event about a ClusterConfiguration. `unique` makes its name unique, `now` is RFC 3339.
pub(super) fn manifest(
    cc: &Configured,
    reason: Reason,
    operation: &str,
    message: &str,
    unique: &str,
    now: &str,
) -> Value {
    let (name, kind) = reason.row();
    let message = match message.char_indices().nth(LONGEST - 4) {
        Some((end, _)) => format!("{}…", cut(&message[..end])),
        None => message.to_owned(),
    };
    let mut metadata = json!({
        "name": format!("{}.{unique}", config::NAME), "namespace": config::NAMESPACE,
    });
    if !operation.is_empty() {
        metadata["annotations"] = json!({"ksi.kubesphere.io/operation": operation});
    }
    json!({
        "apiVersion": "v1", "kind": "Event", "metadata": metadata,
        "involvedObject": {
            "apiVersion": config::API_VERSION, "kind": config::KIND,
            "namespace": config::NAMESPACE, "name": config::NAME, "uid": cc.uid,
        },
        "reason": name, "type": kind, "message": message, "count": 1,
        "firstTimestamp": now, "lastTimestamp": now,
        "source": {"component": "ksi"}, "reportingComponent": "ksi", "reportingInstance": "",
    })
}

/// The API server counts bytes.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(LONGEST - 4);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_about_the_configuration_and_never_too_long() {
        let cc = Configured::of(json!({"metadata": {"uid": "u"}}));
        let of = |message: &str| manifest(&cc, Reason::Applied, "op", message, "1", "t");
        let event = of("done");
        assert_eq!((&event["reason"], &event["type"]), (&json!("Applied"), &json!("Normal")));
        assert_eq!(event["involvedObject"]["uid"], "u");
        assert_eq!(event["metadata"]["annotations"]["ksi.kubesphere.io/operation"], "op");
        let long = of(&"ä".repeat(3000));
        assert!(long["message"].as_str().unwrap().len() <= LONGEST);
    }

    #[test]
    fn every_reason_is_in_the_table_once() {
        let mut all: Vec<Reason> = REASONS.iter().map(|(reason, ..)| *reason).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), REASONS.len());
        for (reason, name, ..) in REASONS {
            assert_eq!(*name, format!("{reason:?}"));
        }
    }
}
