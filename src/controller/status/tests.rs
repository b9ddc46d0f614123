use serde_json::{Value, json};
use time::macros::datetime;

use super::*;
use crate::controller::approval::Approval;
use crate::controller::cc::Configured;
use crate::controller::contested::Contest;
use crate::controller::decision::Cause;
use crate::controller::drift::testing::repair;
use crate::controller::progress::Progress;
use crate::controller::state::Applied;
use crate::plan::Summary;
use crate::status::testing::report;

fn state() -> State {
    let cc = Configured::of(json!({"metadata": {"uid": "u", "generation": 7}, "spec": {}}));
    let applied = Applied { generation: 7, spec_hash: cc.spec_hash.clone(), ..Applied::default() };
    State {
        mode: cc.mode,
        judged: Some(cc.spec_hash.clone()),
        cc,
        others: Vec::new(),
        verdict: Verdict::Good,
        applied: Some(applied),
        report: Some(report(None)),
        drift: 0,
        contests: Vec::new(),
        conflicts: Vec::new(),
        operation: None,
        used_approval: None,
        handled_request: None,
    }
}

fn shown(state: &State) -> Value {
    document(state, &Value::Null, datetime!(2026-11-30 12:00:00.5 UTC))
}

fn condition(status: &Value, kind: &str) -> Value {
    let conditions = status["conditions"].as_array().unwrap();
    conditions.iter().find(|one| one["type"] == kind).cloned().unwrap_or_default()
}

/// Phase, Ready, its reason, and which of the conditions that are only there while they are true.
fn summary(state: &State) -> (String, String, String, Vec<String>) {
    let status = shown(state);
    let ready = condition(&status, "Ready");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let others = status["conditions"].as_array().unwrap().iter().skip(1);
    let others = others.map(|one| text(&one["type"])).collect();
    assert_eq!(ready["observedGeneration"], 7);
    (text(&status["phase"]), text(&ready["status"]), text(&ready["reason"]), others)
}

fn problem() -> Problem {
    Problem {
        object: "o".into(),
        code: "KSI0012".into(),
        reason: "unknown field `a`".into(),
        remedy: "remove it".into(),
    }
}

fn approval() -> Approval {
    Approval {
        hash: "abc".into(),
        summary: Summary { create: 2, ..Summary::default() },
        risks: Vec::new(),
    }
}

fn failed(retries: bool) -> Verdict {
    Verdict::Failed { problem: problem(), problems: Vec::new(), retries }
}

fn running(stage: Stage) -> Progress {
    let mut progress = Progress::new("id".into(), Cause::Edit, "kubectl".into(), "t".into());
    progress.stage = stage;
    progress
}

#[test]
fn phase_and_conditions_keep_the_rules_of_kstatus() {
    let good = state;
    let unapplied = |verdict| State { verdict, applied: None, ..good() };
    let paused = State { mode: Mode::Paused, ..good() };
    let rows = vec![
        (good(), "Ready", "True", "Healthy", &[][..]),
        (State { mode: Mode::Observe, ..good() }, "Observing", "True", "Healthy", &[]),
        (paused.clone(), "Paused", "True", "Healthy", &[]),
        (State { applied: None, ..paused }, "Paused", "False", "Paused", &[]),
        (
            State { report: Some(report(Some("0 of 1"))), ..good() },
            "Degraded",
            "False",
            "Degraded",
            &[],
        ),
        (unapplied(Verdict::Invalid(vec![problem()])), "Invalid", "False", "Invalid", &["Stalled"]),
        (
            unapplied(Verdict::Approval(approval())),
            "ApprovalRequired",
            "False",
            "ApprovalRequired",
            &["ApprovalRequired"],
        ),
        // What runs is as it was while the repair of drift waits.
        (
            State { verdict: Verdict::Approval(approval()), ..good() },
            "ApprovalRequired",
            "True",
            "Healthy",
            &["ApprovalRequired"],
        ),
        (unapplied(failed(true)), "Failed", "False", "Failed", &["Reconciling"]),
        (State { mode: Mode::Paused, ..unapplied(failed(true)) }, "Paused", "False", "Failed", &[]),
        (unapplied(failed(false)), "Failed", "False", "Failed", &["Stalled"]),
        (
            State { operation: Some(running(Stage::Waiting)), applied: None, ..good() },
            "Waiting",
            "False",
            "NotApplied",
            &["Reconciling"],
        ),
        // A wrong edit during a run of an older one.
        (
            State {
                operation: Some(running(Stage::Waiting)),
                ..unapplied(Verdict::Invalid(vec![problem()]))
            },
            "Waiting",
            "False",
            "Invalid",
            &["Reconciling"],
        ),
        // A newer edit that was not looked at yet.
        (
            State { judged: None, applied: None, ..good() },
            "Pending",
            "False",
            "NotApplied",
            &["Reconciling"],
        ),
    ];
    for (state, phase, ready, reason, others) in rows {
        let expected = (
            phase.into(),
            ready.into(),
            reason.into(),
            others.iter().map(|o| (*o).into()).collect(),
        );
        assert_eq!(summary(&state), expected, "{:?}", state.verdict);
    }
}

#[test]
fn what_stands_in_the_way_and_what_waits_for_approval_are_told() {
    let invalid = State { verdict: Verdict::Invalid(vec![problem(); 7]), ..state() };
    let status = shown(&invalid);
    assert_eq!(status["blocking"].as_array().unwrap().len(), MOST);
    assert_eq!(status["blocking"][0]["code"], "KSI0012");
    assert!(status["plan"].is_null());
    let planned = shown(&State { verdict: Verdict::Approval(approval()), ..state() });
    assert_eq!((&planned["plan"]["hash"], &planned["plan"]["create"]), (&json!("abc"), &json!(2)));
    assert!(planned["blocking"].is_null());
    let contest =
        Contest { object: repair("a", ".x", "m").object, field: ".x".into(), manager: "m".into() };
    let contested = shown(&State { contests: vec![contest], drift: 1, ..state() });
    let condition = condition(&contested, "Contested");
    assert!(condition["message"].as_str().unwrap().contains("m changed .x"), "{condition}");
    assert_eq!((&contested["drift"], &contested["phase"]), (&json!(1), &json!("Ready")));
}

#[test]
fn times_stay_where_nothing_changed_and_nothing_is_written_then() {
    let now = state();
    let first = shown(&now);
    let later = document(&now, &first, datetime!(2026-11-30 13:00:00 UTC));
    assert_eq!(later, first);
    assert_eq!(patch(&later, &first), None);
    let worse = State { report: Some(report(Some("0 of 1"))), ..now };
    let worse = document(&worse, &first, datetime!(2026-11-30 13:00:00 UTC));
    assert_eq!(condition(&worse, "Ready")["lastTransitionTime"], "2026-11-30T13:00:00Z");
    assert_eq!(worse["components"][0]["since"], "2026-11-30T13:00:00Z");
}

#[test]
fn keys_of_others_stay_and_own_ones_go() {
    let live = json!({
        "clusterId": "c", "devops": {"status": "enabled"}, "blocking": [1], "plan": {"hash": "h"},
        "lastOperation": {"id": "old", "waitingFor": "x"},
    });
    let status = document(&state(), &live, datetime!(2026-11-30 12:00:00 UTC));
    let patch = patch(&status, &live).unwrap();
    assert!(patch.get("clusterId").is_none() && patch.get("devops").is_none());
    assert_eq!((&patch["blocking"], &patch["plan"]), (&Value::Null, &Value::Null));
    let mut next = state();
    next.operation = Some(running(Stage::Applying));
    let status = document(&next, &live, datetime!(2026-11-30 12:00:00 UTC));
    let patch = super::patch(&status, &live).unwrap();
    assert_eq!(patch["lastOperation"]["id"], "id");
    assert_eq!(patch["lastOperation"].get("waitingFor"), Some(&Value::Null));
}

#[test]
fn the_last_five_operations_are_kept() {
    let mut old = Value::Null;
    for number in 0..7 {
        let mut one = state();
        let mut progress = running(Stage::Applying);
        progress.id = number.to_string();
        if number != 5 {
            progress.end(Stage::Succeeded, "t".into());
        }
        one.operation = Some(progress);
        old = document(&one, &old, datetime!(2026-11-30 12:00:00 UTC));
    }
    let operations = old["operations"].as_array().unwrap();
    let shown: Vec<_> = operations
        .iter()
        .map(|one| (one["id"].as_str().unwrap(), one["phase"].as_str().unwrap()))
        .collect();
    let done = "Succeeded";
    assert_eq!(shown, [("6", done), ("5", "Interrupted"), ("4", done), ("3", done), ("2", done)]);
}

#[test]
fn the_keys_of_ks_installer_are_true() {
    let mut one = state();
    let status = shown(&one);
    assert_eq!(status["multicluster"]["status"], "enabled", "the report has tower");
    assert!(status["core"].is_null(), "it has no ks-core");
    one.report = Some(report(Some("0 of 1")));
    assert!(shown(&one)["multicluster"].is_null(), "it was never healthy");
    let later = document(&one, &status, datetime!(2026-11-30 13:00:00 UTC));
    assert_eq!(later["multicluster"]["enabledTime"], "2026-11-30T12:00:00Z");
    one.report = None;
    let kept =
        document(&one, &json!({"core": {"status": "enabled"}}), datetime!(2026-11-30 13:00:00 UTC));
    assert_eq!(kept["core"]["status"], "enabled");
}
