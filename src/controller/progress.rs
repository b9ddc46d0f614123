//! The progress of a run, from its events. Pure.

use std::collections::BTreeMap;

use super::decision::Cause;
use super::problem::{MOST, Problem};
use crate::engine::{ComponentState, Event, Phase};
use crate::object::ObjectId;
use crate::plan::{Action, Summary};

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It reads the cluster and plans.
    Planning,
    /// It writes.
    Applying,
    /// It waits for something, such as pods or the lock.
    Waiting,
    /// It reached its end.
    Succeeded,
    /// It did not.
    Failed,
    /// The configuration is invalid: nothing was written.
    Invalid,
    /// The plan has to be approved: nothing was written.
    ApprovalRequired,
    /// A newer edit took its place.
    Superseded,
    /// The controller was stopped.
    Interrupted,
}

impl Stage {
    /// The word in the status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planning => "Planning",
            Self::Applying => "Applying",
            Self::Waiting => "Waiting",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Invalid => "Invalid",
            Self::ApprovalRequired => "ApprovalRequired",
            Self::Superseded => "Superseded",
            Self::Interrupted => "Interrupted",
        }
    }
}

/// A component during a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Its state, as the status has it.
    pub state: &'static str,
    /// Why it is so.
    pub reason: String,
    /// How many of its objects are done.
    pub done: usize,
    /// How many it has.
    pub total: usize,
}

/// The progress of one run.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    /// Its name in log, Events and status.
    pub id: String,
    /// What it is made for.
    pub cause: Cause,
    /// Who asked for it.
    pub requested_by: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended.
    pub ended: Option<String>,
    /// How far it is.
    pub stage: Stage,
    /// How many objects are written or deleted.
    pub done: usize,
    /// How many there are.
    pub total: usize,
    /// The components, in no order.
    pub parts: BTreeMap<String, Part>,
    /// What it waits for.
    pub awaited: BTreeMap<ObjectId, String>,
    /// What stands in its way.
    pub problems: Vec<Problem>,
    /// Why it failed, in a word.
    pub reason: Option<String>,
    /// What it waits for before its first write.
    locking: Option<String>,
}

impl Progress {
    /// A run that begins.
    pub(super) fn new(id: String, cause: Cause, requested_by: String, started: String) -> Self {
        Self {
            id,
            cause,
            requested_by,
            started,
            ended: None,
            stage: Stage::Planning,
            done: 0,
            total: 0,
            parts: BTreeMap::new(),
            awaited: BTreeMap::new(),
            problems: Vec::new(),
            reason: None,
            locking: None,
        }
    }

    /// The plan is made, and is carried out.
    pub(super) fn planned(&mut self, summary: &Summary) {
        (self.stage, self.total) = (Stage::Applying, summary.writes());
    }

    /// Records an event.
    pub(super) fn record(&mut self, event: &Event) {
        match event {
            Event::Apply { state: Action::Create | Action::Update | Action::Adopt, .. }
            | Event::Prune { state: crate::engine::Pruned::Deleted, .. } => self.done += 1,
            Event::Component { name, state, done, total, reason } => {
                let reason = reason.clone().unwrap_or_default();
                let part = Part { state: word(*state), reason, done: *done, total: *total };
                self.parts.insert(name.clone(), part);
            }
            Event::Wait { object, reason, cause, .. } => {
                let reason = match cause {
                    Some(cause) => format!("{reason}; {cause}"),
                    None => reason.clone(),
                };
                if let Some(cause) = cause {
                    self.add(Problem {
                        object: cause.object.to_string(),
                        code: cause.reason.clone(),
                        reason: cause.message.clone(),
                        remedy: cause.next_step.clone(),
                    });
                }
                self.awaited.insert(object.clone(), reason);
            }
            Event::Ready { object, .. } => {
                self.awaited.remove(object);
            }
            Event::Finding { finding, .. } => self.add(Problem::of_finding(finding)),
            Event::Error { object: Some(object), reason: Some(kind), message, help } => {
                self.add(Problem {
                    object: object.to_string(),
                    code: kind.as_str().to_owned(),
                    reason: message.clone(),
                    remedy: help.clone(),
                });
            }
            Event::Status { state: Phase::Locking, message } => {
                self.locking = Some(message.clone());
            }
            Event::Status { state: Phase::Locked, .. } => self.locking = None,
            _ => {}
        }
        if matches!(self.stage, Stage::Applying | Stage::Waiting) {
            let writes = matches!(event, Event::Apply { .. } | Event::Prune { .. });
            let waits = self.locking.is_some() || (!self.awaited.is_empty() && !writes);
            self.stage = if waits { Stage::Waiting } else { Stage::Applying };
        }
    }

    fn add(&mut self, problem: Problem) {
        // The latest of an object says most.
        self.problems.retain(|known| known.object != problem.object);
        self.problems.insert(0, problem);
        self.problems.truncate(MOST);
    }

    /// The run has ended.
    pub(super) fn end(&mut self, stage: Stage, ended: String) {
        (self.stage, self.ended) = (stage, Some(ended));
        self.awaited.clear();
        self.locking = None;
    }

    /// Whether it is under way.
    pub(super) fn is_running(&self) -> bool {
        self.ended.is_none()
    }

    /// What it waits for, in one sentence.
    pub(super) fn waiting_for(&self) -> Option<String> {
        if let Some(locking) = &self.locking {
            return Some(locking.clone());
        }
        let (object, reason) = self.awaited.iter().next()?;
        let more = match self.awaited.len() {
            1 => String::new(),
            several => format!(" and {} more", several - 1),
        };
        Some(format!("{object}: {reason}{more}"))
    }
}

/// The word for the state of a component in the status.
pub(super) fn word(state: ComponentState) -> &'static str {
    match state {
        ComponentState::Waiting => "Waiting",
        ComponentState::Applying => "Applying",
        ComponentState::Checking => "Progressing",
        ComponentState::Healthy | ComponentState::Done => "Healthy",
        ComponentState::Failed => "Failed",
        ComponentState::Conflict => "Conflict",
        ComponentState::Skipped => "Skipped",
    }
}

#[cfg(test)]
mod tests {
    use super::super::drift::testing::repair;
    use super::*;

    fn object(name: &str) -> ObjectId {
        repair(name, "", "m").object
    }

    #[test]
    fn a_run_writes_and_then_waits() {
        let mut progress = Progress::new("a".into(), Cause::Edit, "kubectl".into(), "t".into());
        assert_eq!(progress.stage, Stage::Planning);
        progress.planned(&Summary { create: 1, update: 1, ..Summary::default() });
        let apply = |name: &str, state| Event::Apply {
            component: "c".into(),
            object: object(name),
            state,
            reason: None,
        };
        let wait = |name: &str| Event::Wait {
            component: "c".into(),
            object: object(name),
            reason: "0 of 1 replicas are available".into(),
            cause: None,
        };
        progress.record(&apply("a", Action::Create));
        progress.record(&wait("a"));
        assert_eq!((progress.stage, progress.done, progress.total), (Stage::Waiting, 1, 2));
        progress.record(&apply("b", Action::Update));
        progress.record(&apply("x", Action::Conflict));
        assert_eq!((progress.stage, progress.done), (Stage::Applying, 2));
        progress.record(&wait("b"));
        assert_eq!(progress.stage, Stage::Waiting);
        let waiting = progress.waiting_for().unwrap();
        assert_eq!(waiting, "Deployment/a/a: 0 of 1 replicas are available and 1 more");
        progress.record(&Event::Ready { component: "c".into(), object: object("a") });
        progress.record(&Event::Ready { component: "c".into(), object: object("b") });
        assert_eq!((progress.stage, progress.waiting_for()), (Stage::Applying, None));
        progress.end(Stage::Succeeded, "u".into());
        assert!(!progress.is_running());
    }

    #[test]
    fn problems_are_few_and_the_latest_of_each_object() {
        let mut progress = Progress::new("a".into(), Cause::Edit, "kubectl".into(), "t".into());
        for at in 0..7 {
            let finding = |reason: &str| crate::target::Finding {
                object: object(&at.to_string()),
                reason: reason.into(),
                message: "m".into(),
                lines: Vec::new(),
                next_step: "n".into(),
            };
            for reason in ["ErrImagePull", "ImagePullBackOff"] {
                progress
                    .record(&Event::Finding { component: "c".into(), finding: finding(reason) });
            }
        }
        assert_eq!(progress.problems.len(), MOST);
        assert!(progress.problems.iter().all(|problem| problem.code == "ImagePullBackOff"));
    }
}
