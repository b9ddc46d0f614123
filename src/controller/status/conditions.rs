//! The conditions.

use serde_json::{Value, json};

use super::{failed, invalid, paused};
use crate::controller::cc::Mode;
use crate::controller::contested::Contest;
use crate::controller::problem;
use crate::controller::state::{State, Verdict};
use crate::health::Reach;
use crate::status::State as Health;

/// A condition without its times.
struct Condition {
    kind: &'static str,
    status: bool,
    reason: &'static str,
    message: String,
}

/// The conditions: Ready always, `TowerReachable` on a host, the others while they are true.
pub(super) fn list(state: &State, old: &Value, now: &str) -> Value {
    let all = [
        Some(ready(state)),
        reconciling(state),
        stalled(state),
        tower(state),
        approval(state),
        contested(state),
    ];
    let conditions = all.into_iter().flatten().map(|condition| {
        let Condition { kind, status, reason, message } = condition;
        let status = if status { "True" } else { "False" };
        let before = old.as_array().into_iter().flatten().find(|one| one["type"] == kind);
        let since = before.filter(|before| before["status"] == status);
        let since = since.and_then(|before| before["lastTransitionTime"].as_str()).unwrap_or(now);
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": since, "observedGeneration": state.cc.generation,
        })
    });
    conditions.collect()
}

fn ready(state: &State) -> Condition {
    let not = |reason, message| Condition { kind: "Ready", status: false, reason, message };
    // Also beside a run of an older one.
    if let Verdict::Invalid(problems) = &state.verdict
        && state.is_judged()
    {
        return not("Invalid", invalid(problems));
    }
    if state.is_judged() && state.running().is_none() {
        match &state.verdict {
            Verdict::Approval(approval) if !state.is_applied() => {
                return not("ApprovalRequired", approval.message());
            }
            Verdict::Failed { problem, problems, retries } => {
                return not("Failed", failed(state.mode, (problem, problems), *retries));
            }
            _ => {}
        }
    }
    if !state.is_applied() {
        let (reason, message) = if state.mode == Mode::Paused {
            ("Paused", paused(state))
        } else {
            ("NotApplied", "the specification is not applied yet".to_owned())
        };
        return not(reason, message);
    }
    let Some(report) = &state.report else {
        return not("NotInstalled", "nothing is installed".to_owned());
    };
    if report.state != Health::Healthy {
        let worst = problem::of_report(report).into_iter().next();
        return not("Degraded", worst.map_or_else(String::new, |worst| worst.text()));
    }
    let message = "all components are healthy".to_owned();
    Condition { kind: "Ready", status: true, reason: "Healthy", message }
}

fn reconciling(state: &State) -> Option<Condition> {
    let of = |reason, message| Condition { kind: "Reconciling", status: true, reason, message };
    if let Some(running) = state.running() {
        return Some(of(running.stage.as_str(), format!("operation {}", running.id)));
    }
    match &state.verdict {
        Verdict::Failed { retries: true, .. }
            if state.is_judged() && state.mode != Mode::Paused =>
        {
            Some(of("Retrying", "the run is tried again".to_owned()))
        }
        Verdict::None if state.mode != Mode::Paused => {
            Some(of("Pending", "not looked at yet".to_owned()))
        }
        _ if !state.is_judged() && state.mode != Mode::Paused => {
            Some(of("Pending", "a newer specification is not looked at yet".to_owned()))
        }
        _ => None,
    }
}

/// What goes on only after somebody did something.
fn stalled(state: &State) -> Option<Condition> {
    let of = |reason, message| Some(Condition { kind: "Stalled", status: true, reason, message });
    if state.running().is_some() || !state.is_judged() {
        return None;
    }
    match &state.verdict {
        Verdict::Invalid(problems) => of("Invalid", invalid(problems)),
        Verdict::Failed { problem, problems, retries: false } => {
            of("Failed", failed(state.mode, (problem, problems), false))
        }
        _ => None,
    }
}

fn tower(state: &State) -> Option<Condition> {
    let tower = state.report.as_ref()?.tower.as_ref()?;
    let (status, reason) = match tower.reach {
        Reach::Reachable => (true, "Reachable"),
        Reach::Unencrypted => (true, "Unencrypted"),
        Reach::None => (false, "NoAddress"),
        Reach::Unreachable => (false, "BadAddress"),
    };
    let next = tower.next_step.as_ref().map_or_else(String::new, |next| format!("; next: {next}"));
    let message = format!("{}{next}", tower.message);
    Some(Condition { kind: "TowerReachable", status, reason, message })
}

fn approval(state: &State) -> Option<Condition> {
    let Verdict::Approval(approval) = &state.verdict else { return None };
    if state.running().is_some() || !state.is_judged() {
        return None;
    }
    let reason = if approval.risks.is_empty() { "ModePlan" } else { "Risks" };
    Some(Condition { kind: "ApprovalRequired", status: true, reason, message: approval.message() })
}

fn contested(state: &State) -> Option<Condition> {
    let contests = state.contests.iter().map(Contest::message);
    let is_fight = |id: &crate::object::ObjectId| state.contests.iter().any(|c| c.object == *id);
    let others = state.conflicts.iter().filter(|(id, _)| !is_fight(id));
    let others = others.map(|(id, why)| {
        format!(
            "{id} is left alone: {why}: set the value in the ClusterConfiguration, or remove what the other \
             writer has written"
        )
    });
    let messages: Vec<String> = contests.chain(others).collect();
    if messages.is_empty() {
        return None;
    }
    let reason = if state.contests.is_empty() { "Conflict" } else { "TurnedBack" };
    Some(Condition { kind: "Contested", status: true, reason, message: messages.join("; ") })
}
