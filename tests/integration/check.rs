//! Every check has a cluster that fails it, and none fails on a cluster that is well.

#[path = "check/healthy.rs"]
mod healthy;
#[path = "check/rows.rs"]
mod rows;

use std::collections::BTreeSet;

use ksi::check::{self, Check, Context, Gathered, Outcome, Phase, Row, TableStyle};
use serde_json::json;

use self::healthy::Fixture;
use self::rows::ROWS;

fn outcome(check: &Check, fixture: &Fixture) -> Outcome {
    let context = Context { configured: &fixture.configured, now: fixture.now };
    check.outcome(&fixture.gathered, &context)
}

fn is_trouble(outcome: &Outcome) -> bool {
    outcome.is_problem()
}

fn find(id: &str) -> &'static Check {
    check::checks().find(|check| check.id == id).unwrap_or_else(|| panic!("no check {id}"))
}

#[test]
fn a_healthy_host_has_no_trouble() {
    let fixture = Fixture::host();
    let mut trouble = Vec::new();
    for check in check::checks() {
        let outcome = outcome(check, &fixture);
        if is_trouble(&outcome) {
            trouble.push(format!("{}: {outcome:?}", check.id));
        }
    }
    assert!(trouble.is_empty(), "{}", trouble.join("\n"));
}

#[test]
fn every_check_fails_where_it_should() {
    let mut wrong = Vec::new();
    for (id, expected, spoil) in ROWS {
        let mut fixture = Fixture::host();
        spoil(&mut fixture);
        match outcome(find(id), &fixture) {
            Outcome::Warning(text) | Outcome::Error(text) | Outcome::Unread(text)
                if text.contains(expected) => {}
            other => wrong.push(format!("{id}: `{expected}` is not in {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A node of kwok, in tests of others too.
#[test]
fn a_kubelet_that_is_none_is_no_error() {
    let mut fixture = Fixture::host();
    fixture.gathered.version = Ok(serde_json::json!({"gitVersion": "v1.34.4"}));
    let node = fixture.edit(ksi::check::Part::Nodes, "n1");
    node["status"]["nodeInfo"]["kubeletVersion"] = "kwok-v0.7.0".into();
    let judged = outcome(find("kubelet-versions"), &fixture);
    assert!(matches!(judged, Outcome::Warning(_)), "{judged:?}");
}

#[test]
fn every_check_has_a_row_and_a_name_of_its_own() {
    let rows: BTreeSet<&str> = ROWS.iter().map(|(id, ..)| *id).collect();
    let mut names = BTreeSet::new();
    for check in check::checks() {
        assert!(rows.contains(check.id), "no row makes {} fail", check.id);
        assert!(names.insert(check.id), "{} is there twice", check.id);
        assert!(check.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", check.id);
        assert!(!check.hint.ends_with('.') && check.hint.len() > 20, "{}", check.id);
    }
    assert!(names.len() >= 40, "{}", names.len());
}

#[test]
fn what_could_not_be_read_is_never_fine() {
    // All of these judge the configuration or the lack of one, and nothing of the cluster.
    let elsewhere = ["configuration-valid", "configuration-warnings"];
    let host = Fixture::host();
    let context = Context { configured: &host.configured, now: host.now };
    for check in check::checks().filter(|check| !elsewhere.contains(&check.id)) {
        let outcome = check.outcome(&Gathered::default(), &context);
        let unread = matches!(&outcome, Outcome::Unread(why) if why.contains("could not be read"));
        let skipped = matches!(&outcome, Outcome::Skipped(_));
        assert!(unread || skipped, "{}: {outcome:?}", check.id);
        if skipped {
            let always = outcome_of_host(check);
            assert!(matches!(always, Outcome::Skipped(_)), "{}: {always:?}", check.id);
        }
    }
}

fn outcome_of_host(check: &Check) -> Outcome {
    outcome(check, &Fixture::host())
}

#[test]
fn hints_and_remedies_name_commands_that_exist() {
    for check in check::checks() {
        for path in check.hint.split('`').filter_map(|part| part.strip_prefix("ksi explain ")) {
            if path != "CODE" {
                assert!(ksi::config::explain(path).is_some(), "{}: {path}", check.id);
            }
        }
    }
}

#[test]
fn every_check_has_a_section_in_the_manual() {
    let page = include_str!("../../docs/check.md");
    let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let of_members = ksi::fleet::checks().iter().map(|check| check.about.id);
    let known: Vec<&str> = check::checks().map(|check| check.id).chain(of_members).collect();
    assert_eq!(sections, known, "sections and checks, in the same order");
}

#[test]
fn no_text_shows_a_secret() {
    let mut fixture = Fixture::host();
    fixture.edit_config(|document| document["authentication"]["jwtSecret"] = json!("CANARY-1"));
    fixture.configure(&json!({
        "authentication": {"jwtSecret": "CANARY-2", "adminPassword": "CANARY-3"},
        "multicluster": {"clusterRole": "member"},
    }));
    let context = Context { configured: &fixture.configured, now: fixture.now };
    for pre in [true, false] {
        let report = check::run(&fixture.gathered, &context, pre, &[]);
        let text = check::table(&report, TableStyle::default());
        assert!(!text.contains("CANARY"), "{text}");
        assert!(!check::json(&report).to_string().contains("CANARY"));
    }
    assert!(!format!("{:?}", fixture.gathered).contains("CANARY"));
}

#[test]
fn a_report_reads_like_that_of_linkerd() {
    let mut fixture = Fixture::host();
    fixture.edit(ksi::check::Part::Nodes, "n1")["status"]["conditions"] =
        json!([{"type": "Ready", "status": "False"}]);
    let context = Context { configured: &fixture.configured, now: fixture.now };
    let skip = ["nodes-schedulable", "nodes-cpu", "nodes-memory"].map(str::to_owned);
    let report = check::run(&fixture.gathered, &context, true, &skip);
    let look = TableStyle { symbols: true, ..TableStyle::default() };
    insta::assert_snapshot!(
        "check_short",
        check::table(&report, TableStyle { short: true, ..look })
    );
    insta::assert_snapshot!("check_words", {
        let text = check::table(&report, TableStyle::default());
        text.lines().take_while(|line| !line.starts_with("Storage")).collect::<Vec<_>>().join("\n")
    });
    insta::assert_json_snapshot!("check_json", check::json(&report)["categories"][2]);
    assert!(check::table(&report, look).ends_with("\nStatus check results are ×\n"));
    fixture.edit(ksi::check::Part::Nodes, "n1")["status"]["conditions"][0]["status"] =
        json!("True");
    let context = Context { configured: &fixture.configured, now: fixture.now };
    let report = check::run(&fixture.gathered, &context, true, &[]);
    assert_eq!(check::table(&report, TableStyle { short: true, ..look }), "");
    assert!(check::table(&report, look).ends_with("\nStatus check results are √\n"));
    assert_eq!(check::json(&report)["success"], true);
}

#[test]
fn phases_choose_the_checks() {
    let of = |pre| check::checks().filter(|c| c.is_for(pre)).count();
    let both = check::checks().filter(|c| c.phase == Phase::Both).count();
    assert_eq!(of(true) + of(false), check::checks().count() + both);
    assert!(of(true) > 30 && of(false) > 40, "{} {}", of(true), of(false));
}

#[test]
fn without_a_configuration_the_rest_is_still_judged() {
    let mut fixture = Fixture::host();
    fixture.configured = check::Configured::default();
    let context = Context { configured: &fixture.configured, now: fixture.now };
    let report = check::run(&fixture.gathered, &context, true, &[]);
    assert!(report.success(), "{}", check::table(&report, TableStyle::default()));
    let skipped = report.rows.iter().filter(|r| matches!(r.outcome, Outcome::Skipped(_))).count();
    assert!(skipped < report.rows.len() / 2, "{skipped} of {}", report.rows.len());
}

#[test]
fn what_could_not_be_read_has_a_hint_of_its_own() {
    let check = check::checks().find(|check| check.id == "volume-claims").unwrap();
    let hint = |outcome| Row::new(check.about(), outcome).hint();
    let forbidden = "could not be read: PersistentVolumeClaims: User \"a\" cannot list: forbidden";
    let anonymous = forbidden.replace("\"a\"", "\"system:anonymous\"");
    assert_eq!(hint(Outcome::Error("a is Lost".into())), check.hint);
    assert_eq!(hint(Outcome::Warning("a is Pending".into())), check.hint);
    for outcome in [Outcome::Unread, Outcome::Warning] {
        assert!(hint(outcome(forbidden.into())).contains("the right that the message names"));
        assert!(hint(outcome(anonymous.clone())).contains("no credentials"));
        assert!(!hint(outcome("could not be read: no answer".into())).contains("describe pvc"));
    }
}
