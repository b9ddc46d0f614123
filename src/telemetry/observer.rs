//! Makes metrics of what a controller tells and shows.

use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{ComponentState, Readiness, Telemetry};
use crate::controller::{Notice, Published};

/// The watches of the controller, for the readiness.
const WATCHES: &str = "watches";

/// Follows one controller.
#[derive(Debug)]
pub struct Observer {
    telemetry: Telemetry,
    readiness: Readiness,
    /// When the run under way began.
    began: Option<Instant>,
}

impl Observer {
    /// An observer of a controller that has not begun: it is not ready.
    pub fn new(telemetry: Telemetry, readiness: Readiness) -> Self {
        readiness.await_for(WATCHES);
        Self { telemetry, readiness, began: None }
    }

    /// Counts what has happened.
    pub fn notice(&mut self, notice: &Notice, now: Instant) {
        match notice {
            Notice::Begins { .. } => self.began = Some(now),
            Notice::Ended { stage, .. } => {
                let took = self.began.take().map_or(Duration::ZERO, |began| now - began);
                self.telemetry.run(stage.as_str(), took);
            }
            Notice::Repaired(repair) => {
                let kind = &repair.object.kind;
                if repair.managers.is_empty() {
                    self.telemetry.drift("unknown", kind);
                }
                for manager in &repair.managers {
                    self.telemetry.drift(manager, kind);
                }
            }
            _ => {}
        }
    }

    /// Takes over how everything is.
    pub fn published(&self, published: &Published) {
        let Published { is_synced, status } = published;
        self.readiness.set(WATCHES, *is_synced);
        let conditions = status["conditions"].as_array().map_or(&[][..], Vec::as_slice);
        let holds = |kind: &str| {
            conditions.iter().any(|one| one["type"] == kind && one["status"] == "True")
        };
        self.telemetry.ready(holds("Ready"));
        self.telemetry.approval_waiting(holds("ApprovalRequired"));
        self.telemetry.paused(status["pausedSince"].as_str().and_then(time_of));
        let components = status["components"].as_array().into_iter().flatten();
        self.telemetry.components(components.filter_map(component));
    }
}

fn component(component: &Value) -> Option<ComponentState<'_>> {
    let reason = component["reason"].as_str().unwrap_or_default();
    // A sentence is no label: it would be another series each time.
    let word = reason.rsplit(": ").next().unwrap_or_default();
    let is_word = word.chars().all(char::is_alphanumeric);
    Some(ComponentState {
        component: component["name"].as_str()?,
        state: component["state"].as_str()?,
        reason: if is_word { word } else { "" },
    })
}

fn time_of(text: &str) -> Option<SystemTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().map(SystemTime::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::controller::{Repair, Stage};
    use crate::object::ObjectId;

    fn text(telemetry: &Telemetry) -> String {
        telemetry.text(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000))
    }

    #[test]
    fn the_status_becomes_metrics() {
        let (telemetry, readiness) = (Telemetry::new("1"), Readiness::default());
        let observer = Observer::new(telemetry.clone(), readiness.clone());
        assert!(!readiness.is_ready());
        let status = json!({
            "conditions": [
                {"type": "Ready", "status": "True"}, {"type": "ApprovalRequired", "status": "True"},
            ],
            "pausedSince": "1970-01-01T00:10:00Z",
            "components": [
                {"name": "redis", "state": "failed", "reason": "Deployment/a/redis: ImagePullBackOff"},
                {"name": "tower", "state": "progressing", "reason": "waiting for 2 of 3 pods"},
            ],
        });
        observer.published(&Published { is_synced: true, status });
        assert!(readiness.is_ready());
        for line in [
            "ksi_ready 1",
            "ksi_approval_waiting 1",
            "ksi_paused_seconds 400",
            r#"ksi_component_info{component="redis",state="failed",reason="ImagePullBackOff"} 1"#,
            r#"ksi_component_info{component="tower",state="progressing",reason=""} 1"#,
        ] {
            let text = text(&telemetry);
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
        observer.published(&Published { is_synced: false, status: Value::Null });
        let text = text(&telemetry);
        assert!(text.contains("ksi_ready 0") && !text.contains("redis"), "{text}");
        assert!(!readiness.is_ready());
    }

    #[test]
    fn runs_and_repairs_are_counted() {
        let telemetry = Telemetry::new("1");
        let mut observer = Observer::new(telemetry.clone(), Readiness::default());
        let (cause, by) = (crate::controller::Cause::Edit, String::new());
        let now = Instant::now();
        observer.notice(&Notice::Begins { id: String::new(), cause, by, generation: 1 }, now);
        let object = ObjectId {
            group: "apps".into(),
            version: "v1".into(),
            kind: "Deployment".into(),
            namespace: Some("a".into()),
            name: "b".into(),
        };
        let repair = |managers: &[&str]| Repair {
            object: object.clone(),
            component: String::new(),
            fields: Vec::new(),
            managers: managers.iter().map(|name| (*name).to_owned()).collect(),
            values: Vec::new(),
        };
        observer.notice(&Notice::Repaired(repair(&["kubectl-edit"])), now);
        observer.notice(&Notice::Repaired(repair(&[])), now);
        let ended = Notice::Ended { stage: Stage::Succeeded, message: String::new() };
        observer.notice(&ended, now + Duration::from_secs(2));
        let text = text(&telemetry);
        for line in [
            r#"ksi_drift_total{manager="kubectl-edit",kind="Deployment"} 1"#,
            r#"ksi_drift_total{manager="unknown",kind="Deployment"} 1"#,
            r#"ksi_runs_total{result="Succeeded"} 1"#,
            "ksi_run_duration_seconds_sum 2.0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
    }
}
