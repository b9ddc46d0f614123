//! The status of the ClusterConfiguration, from what is known. Pure.
//!
//! It keeps the rules of kstatus, so that `kubectl wait`, Flux and Argo CD understand it: `observedGeneration` is the
//! generation that was looked at, Ready is False for one that is invalid or not applied yet, and Reconciling and
//! Stalled are there only while they are true.

mod components;
mod conditions;
mod legacy;
mod operations;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::cc::Mode;
use super::problem::{self, MOST, Problem};
use super::progress::Stage;
use super::state::{State, Verdict};
use crate::object::age::timestamp;
use crate::status::State as Health;

/// The keys that ksi writes; all others stay as they are.
const OWN: &[&str] = &[
    "observedGeneration",
    "version",
    "role",
    "phase",
    "ready",
    "drift",
    "message",
    "mode",
    "pausedSince",
    "conditions",
    "components",
    "blocking",
    "plan",
    "lastOperation",
    "operations",
    "lastApplied",
    "lastApproved",
    "lastHandledRequestedAt",
    "core",
    "multicluster",
    "redis",
    "metricsServer",
];

/// The status; `old` is the one in the cluster, whose times are kept where nothing changed.
pub(super) fn document(state: &State, old: &Value, now: OffsetDateTime) -> Value {
    let now = timestamp(now.replace_nanosecond(0).unwrap_or(now));
    let (phase, message) = phase(state);
    let components = components::list(state, &old["components"], &now);
    let (ready, total) = components::ready(state);
    let mut status = Map::new();
    let mut put = |key: &str, value: Value| status.insert(key.to_owned(), value);
    put("observedGeneration", state.cc.generation.into());
    if let Some(version) = version(state, old) {
        put("version", version.into());
    }
    put("role", role(state).into());
    put("phase", phase.into());
    put("mode", state.mode.as_str().into());
    if state.mode == Mode::Paused {
        put("pausedSince", old["pausedSince"].as_str().unwrap_or(&now).into());
    }
    put("ready", format!("{ready}/{total}").into());
    put("drift", state.drift.into());
    put("message", message.into());
    put("conditions", conditions::list(state, &old["conditions"], &now));
    put("components", components);
    let blocking = blocking(state);
    if !blocking.is_empty() {
        put("blocking", blocking.iter().take(MOST).map(Problem::json).collect());
    }
    if let Some(plan) = plan(state) {
        put("plan", plan);
    }
    let (last, all) = operations::list(state, old);
    if !last.is_null() {
        put("lastOperation", last);
        put("operations", all);
    }
    if let Some(applied) = &state.applied {
        put(
            "lastApplied",
            json!({
                "generation": applied.generation, "specHash": applied.spec_hash,
                "revision": applied.revision, "time": applied.time, "ksiVersion": applied.ksi_version,
            }),
        );
    }
    if let Some(hash) = &state.used_approval {
        put("lastApproved", hash.as_str().into());
    }
    if let Some(request) = &state.handled_request {
        put("lastHandledRequestedAt", request.as_str().into());
    }
    status.extend(legacy::keys(state, old, &now));
    let mut status = Value::Object(status);
    strip(&mut status);
    status
}

/// Removes what is null: a merge patch cannot set it.
fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// What has to be written for a status: its keys, and null for those of ours that are gone; `None` if the live one
/// is the same.
pub(super) fn patch(status: &Value, live: &Value) -> Option<Value> {
    let mut patch = Map::new();
    for key in OWN {
        match (status.get(key), live.get(key)) {
            (Some(new), old) if old != Some(new) => {
                // A merge patch would keep what is no longer in an object.
                patch.insert((*key).to_owned(), replaced(new, old));
            }
            (None, Some(old)) if !old.is_null() => {
                patch.insert((*key).to_owned(), Value::Null);
            }
            _ => {}
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// An object with null for the keys that it no longer has.
fn replaced(new: &Value, old: Option<&Value>) -> Value {
    let mut new = new.clone();
    if let (Some(new), Some(old)) = (new.as_object_mut(), old.and_then(Value::as_object)) {
        for key in old.keys() {
            if !new.contains_key(key) {
                new.insert(key.clone(), Value::Null);
            }
        }
    }
    new
}

fn version(state: &State, old: &Value) -> Option<String> {
    let seen = state.report.as_ref().and_then(|report| report.kubesphere.clone());
    seen.or_else(|| old["version"].as_str().map(str::to_owned))
}

/// The role that runs, else the one that is wanted.
fn role(state: &State) -> String {
    let live = state.report.as_ref().and_then(|report| report.about.role.clone());
    let wanted =
        || state.cc.body["spec"]["multicluster"]["clusterRole"].as_str().map(str::to_owned);
    live.or_else(wanted).unwrap_or_else(|| "none".to_owned())
}

/// The phase, and one sentence about it.
fn phase(state: &State) -> (&'static str, String) {
    if let Some(running) = state.running() {
        let waiting = running.waiting_for();
        return match running.stage {
            Stage::Applying => {
                ("Applying", format!("{} of {} objects written", running.done, running.total))
            }
            Stage::Waiting => ("Waiting", format!("waiting for {}", waiting.unwrap_or_default())),
            _ => ("Planning", "reading the cluster".to_owned()),
        };
    }
    if let Some(mistake) = &state.cc.mistake {
        return ("Paused", mistake.clone());
    }
    if state.mode == Mode::Paused {
        return ("Paused", paused(state));
    }
    match &state.verdict {
        Verdict::Invalid(problems) if state.is_judged() => ("Invalid", invalid(problems)),
        Verdict::Approval(approval) if state.is_judged() => {
            ("ApprovalRequired", approval.message())
        }
        Verdict::Failed { problem, problems, retries } if state.is_judged() => {
            ("Failed", failed(state.mode, (problem, problems), *retries))
        }
        Verdict::None => ("Pending", "not looked at yet".to_owned()),
        _ if !state.is_applied() => {
            ("Pending", "a newer specification is not applied yet".to_owned())
        }
        _ => healthy(state),
    }
}

fn healthy(state: &State) -> (&'static str, String) {
    let Some(report) = &state.report else { return ("Pending", "nothing is installed".to_owned()) };
    if report.state != Health::Healthy {
        let worst = problem::of_report(report).into_iter().next();
        return ("Degraded", worst.map_or_else(String::new, |worst| worst.text()));
    }
    let left = state.contests.len() + state.conflicts.len();
    let left = if left > 0 {
        "; some fields are left to other writers: see condition Contested"
    } else {
        ""
    };
    let drift = match state.drift {
        0 => String::new(),
        1 => "; 1 object was changed by others".to_owned(),
        several => format!("; {several} objects were changed by others"),
    };
    let word = if state.mode == Mode::Observe { "Observing" } else { "Ready" };
    (word, format!("all components are healthy{left}{drift}"))
}

fn paused(state: &State) -> String {
    let end = state.cc.paused_until.map_or_else(
        || format!("until annotation {} is removed", super::cc::MODE),
        |end| format!("until {}", timestamp(end)),
    );
    let waits = if state.is_applied() { "" } else { "; a newer specification waits" };
    format!("paused {end}{waits}")
}

/// All mistakes in one sentence.
fn invalid(problems: &[Problem]) -> String {
    let texts: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.code, problem.reason)).collect();
    format!("nothing was changed: {}", texts.join("; "))
}

fn failed(mode: Mode, (problem, problems): (&Problem, &[Problem]), retries: bool) -> String {
    let first = problems.first().filter(|first| first.reason != problem.reason);
    let first = first.map_or_else(String::new, |first| format!(": {}", first.text()));
    let next = match (mode, retries) {
        (Mode::Paused, _) => "it is tried again after the pause",
        (_, true) => "it is tried again",
        (_, false) => "it is tried again after an edit or at the next resync",
    };
    format!("{}{first}; {next}", problem.reason)
}

/// What stands in the way.
fn blocking(state: &State) -> Vec<Problem> {
    if let Some(running) = state.running() {
        return running.problems.clone();
    }
    match &state.verdict {
        Verdict::Invalid(problems) if state.is_judged() => problems.clone(),
        Verdict::Failed { problem, problems, .. } if state.is_judged() => {
            if problems.is_empty() {
                vec![problem.clone()]
            } else {
                problems.clone()
            }
        }
        _ => state.report.as_ref().map(problem::of_report).unwrap_or_default(),
    }
}

fn plan(state: &State) -> Option<Value> {
    let Verdict::Approval(approval) = &state.verdict else { return None };
    if !state.is_judged() {
        return None;
    }
    let summary = &approval.summary;
    Some(json!({
        "hash": approval.hash, "create": summary.create, "update": summary.update,
        "adopt": summary.adopt, "delete": summary.delete, "conflict": summary.conflict,
        "keep": summary.keep, "risks": approval.risks,
    }))
}

#[cfg(test)]
mod tests;
