use serde_json::{Value, json};
use time::macros::datetime;

use super::super::evidence::{Accounts, MemberFacts, Reached};
use super::super::webhook::Webhook;
use super::*;
use crate::check::ReadError;
use crate::member::{KubefedState, Registered};

fn member(conditions: &Value) -> Registered {
    Registered::of(&json!({
        "metadata": {"name": "m1"},
        "spec": {"joinFederation": true, "connection": {
            "type": "proxy", "token": "t", "kubernetesAPIServerPort": 6000,
            "kubernetesAPIEndpoint": "https://10.96.0.9:6443",
            "kubeconfig": base64(&crate::member::kubeconfig("m1", "https://10.96.0.9:6443", None, "opaque")),
        }},
        "status": {"uid": "u1", "conditions": conditions},
    }))
}

fn base64(text: &str) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    BASE64_STANDARD.encode(text)
}

fn ready() -> Value {
    json!([{"type": "Ready", "status": "True"}, {"type": "Federated", "status": "True"}])
}

fn facts() -> MemberFacts {
    MemberFacts {
        kubernetes: "v1.34.1".into(),
        clock_ahead: Some(0),
        role: Ok(Some("member".into())),
        same_secret: Some(true),
        token_max_age: Some("0s".into()),
        kubesphere: Some(Ok("v3.4.1".into())),
        host_token: Some(Ok(())),
        accounts: Ok(Accounts { federated_as: vec!["m1".into()], ..Accounts::default() }),
        ..MemberFacts::of("u1".into())
    }
}

fn accounts(federated_as: &[&str], hosts: &[&str]) -> Accounts {
    Accounts {
        federated_as: federated_as.iter().map(ToString::to_string).collect(),
        hosts: hosts.iter().map(ToString::to_string).collect(),
    }
}

fn healthy() -> Evidence {
    Evidence {
        name: "m1".into(),
        registered: Some(member(&ready())),
        known_uid: None,
        kubefed: Some(KubefedState::of(&json!({"status": {"conditions": [
            {"type": "Ready", "status": "True"}]}}))),
        service: Some(json!({"spec": {"clusterIP": "10.96.0.9", "ports": [
            {"targetPort": 6000}, {"targetPort": 16000}]}})),
        reached: Reached::Yes(Box::new(facts())),
        tower: None,
        host_version: Some("v3.4.1".into()),
        webhook: Ok(Webhook::Asked),
        host_uid: "h".into(),
        same_cluster: Vec::new(),
        same_port: Vec::new(),
        now: datetime!(2026-01-01 0:00 UTC),
    }
}

/// The checks with errors.
fn errors(evidence: &Evidence) -> Vec<&'static str> {
    errors_of(evidence, Stage::Joined)
}

fn errors_of(evidence: &Evidence, stage: Stage) -> Vec<&'static str> {
    let report = run(evidence, stage, &[]);
    report.rows.iter().filter(|row| row.outcome.is_error()).map(|row| row.about.id).collect()
}

fn with(change: impl FnOnce(&mut MemberFacts)) -> Evidence {
    let mut facts = facts();
    change(&mut facts);
    Evidence { reached: Reached::Yes(Box::new(facts)), ..healthy() }
}

#[test]
fn a_member_that_works_has_no_errors() {
    assert_eq!(errors(&healthy()), [""; 0]);
}

/// What multicluster.md and verified.md call silent failures: each is found, and nothing else with it.
#[test]
fn every_silent_failure_is_found() {
    let silent = Evidence { reached: Reached::No("connection refused".into()), ..healthy() };
    assert_eq!(errors(&silent), ["member-reachable", "member-conditions"]);
    let cases = [
        (
            with(|f| {
                f.role = Ok(None);
                f.kubesphere = None;
                f.host_token = None;
            }),
            vec!["member-kubesphere", "member-conditions"],
        ),
        (
            with(|f| {
                f.kubesphere = Some(Err("404".into()));
                f.host_token = None;
            }),
            vec!["member-kubesphere", "member-conditions"],
        ),
        (with(|f| f.role = Ok(Some("none".into()))), vec!["member-role"]),
        (
            with(|f| {
                f.same_secret = Some(false);
                f.host_token = None;
            }),
            vec!["member-jwt-secret"],
        ),
        (with(|f| f.token_max_age = Some("2h0m0s".into())), vec!["member-token-age"]),
        (with(|f| f.token_max_age = None), vec!["member-token-age"]),
        (with(|f| f.host_token = Some(Err("401".into()))), vec!["member-host-token"]),
        (with(|f| f.clock_ahead = Some(-11)), vec!["member-clock"]),
        (Evidence { same_cluster: vec!["m2".into()], ..healthy() }, vec!["member-identity"]),
        (with(|f| f.uid = "h".into()), vec!["member-identity"]),
        (with(|f| f.uid = "new".into()), vec!["member-identity"]),
        (with(|f| f.accounts = Ok(accounts(&["m1", "other"], &[]))), vec!["member-other-host"]),
        // Under the same name.
        (
            with(|f| f.accounts = Ok(accounts(&["m1"], &["h", "another"]))),
            vec!["member-other-host"],
        ),
        (
            with(|f| f.missing_kinds = vec!["Application.app.k8s.io/v1beta1".into()]),
            vec!["member-types"],
        ),
        (Evidence { service: None, ..healthy() }, vec!["member-service"]),
        (Evidence { same_port: vec!["m2".into()], ..healthy() }, vec!["member-ports"]),
        (Evidence { kubefed: None, ..healthy() }, vec!["member-federated"]),
        (Evidence { webhook: Ok(Webhook::Paused), ..healthy() }, vec![]),
        (Evidence { webhook: Ok(Webhook::Abandoned), ..healthy() }, vec!["member-webhook"]),
    ];
    for (evidence, expected) in cases {
        assert_eq!(errors(&evidence), expected, "{:?}", evidence.reached);
    }
}

/// Somebody who may not read it does not know that all is well.
#[test]
fn what_cannot_be_read_is_not_well() {
    let unread = || ReadError("forbidden".to_owned());
    let unread_in = |evidence: &Evidence, stage| -> Vec<&'static str> {
        let report = run(evidence, stage, &[]);
        let rows = report.rows.iter().filter(|row| matches!(row.outcome, Outcome::Unread(_)));
        rows.map(|row| row.about.id).collect()
    };
    let accounts = with(|f| f.accounts = Err(unread()));
    assert_eq!(unread_in(&accounts, Stage::Joined), ["member-other-host"]);
    let config = with(|f| {
        f.role = Err(unread());
        (f.same_secret, f.token_max_age, f.host_token) = (None, None, None);
    });
    let of_config = ["member-role", "member-jwt-secret", "member-token-age"];
    assert_eq!(unread_in(&config, Stage::Joined), of_config);
    assert_eq!(errors(&config), of_config);
    let webhook = Evidence { webhook: Err(unread()), ..healthy() };
    assert_eq!(unread_in(&webhook, Stage::Joined), ["member-webhook"]);
    let managed = with(|f| f.managed = Err(unread()));
    assert_eq!(unread_in(&managed, Stage::Before), ["member-leftovers"]);
    // It has joined before: nothing depends on it.
    assert_eq!(errors(&managed), [""; 0]);
}

/// One cause, one error: there is nothing to renew yet.
#[test]
fn an_agent_that_has_never_connected_is_an_error_of_the_connection_alone() {
    let mut new = member(&ready());
    new.kubeconfig = None;
    let why = "its agent has not connected to Tower yet".to_owned();
    let reached = Reached::No(why);
    let evidence = Evidence { registered: Some(new), reached, kubefed: None, ..healthy() };
    assert_eq!(errors(&evidence), ["member-reachable", "member-federated", "member-conditions"]);
    let mut direct = member(&ready());
    direct.kubeconfig = None;
    direct.mode = crate::member::Mode::Direct;
    let evidence = Evidence { registered: Some(direct), ..evidence };
    assert!(errors(&evidence).contains(&"member-credential"));
}

/// ks-controller-manager may have been about to join it.
#[test]
fn a_suspended_member_that_kubefed_has_is_found() {
    let mut suspended = member(&ready());
    suspended.is_enabled = false;
    let evidence = Evidence { registered: Some(suspended), ..healthy() };
    assert_eq!(errors(&evidence), ["member-federated"]);
    assert_eq!(errors(&Evidence { kubefed: None, ..evidence }), [""; 0]);
}

#[test]
fn a_service_with_another_address_is_found() {
    let service = json!({"spec": {"clusterIP": "10.96.0.10", "ports": [{"targetPort": 6000}]}});
    let evidence = Evidence { service: Some(service), ..healthy() };
    assert_eq!(errors(&evidence), ["member-service"]);
    let service = json!({"spec": {"clusterIP": "10.96.0.9", "ports": [{"targetPort": 6001}]}});
    let evidence = Evidence { service: Some(service), ..healthy() };
    assert_eq!(errors(&evidence), ["member-service"]);
    // The address of the Cluster begins with this one.
    let mut longer = member(&ready());
    longer.endpoint = Some("https://10.96.0.90:6443".into());
    let service = json!({"spec": {"clusterIP": "10.96.0.9", "ports": [{"targetPort": 6000}]}});
    let evidence = Evidence { service: Some(service), registered: Some(longer), ..healthy() };
    assert_eq!(errors(&evidence), ["member-service"]);
    let service = json!({"spec": {"ports": [{"targetPort": 6000}]}});
    let evidence = Evidence { service: Some(service), ..healthy() };
    assert_eq!(errors(&evidence), ["member-service"], "it has no address");
    // Made anew with another address, before the agent has connected again.
    let mut moved = member(&ready());
    moved.endpoint = Some("https://10.96.0.10:6443".into());
    let service = json!({"spec": {"clusterIP": "10.96.0.10", "ports": [{"targetPort": 6000}]}});
    let evidence = Evidence { service: Some(service), registered: Some(moved), ..healthy() };
    assert_eq!(errors(&evidence), ["member-service"]);
}

#[test]
fn before_a_join_the_cluster_must_be_free() {
    let fresh = |change: fn(&mut MemberFacts)| {
        let mut facts = MemberFacts::of("u9".into());
        change(&mut facts);
        let reached = Reached::Yes(Box::new(facts));
        Evidence { registered: None, kubefed: None, service: None, reached, ..healthy() }
    };
    let errors = |change| errors_of(&fresh(change), Stage::Before);
    assert_eq!(errors(|_| {}), [""; 0]);
    let twice = Evidence { same_cluster: vec!["m2".into()], ..fresh(|_| {}) };
    assert_eq!(errors_of(&twice, Stage::Before), ["member-identity"]);
    assert_eq!(errors(|f| f.role = Ok(Some("host".into()))), ["member-host-role"]);
    assert_eq!(errors(|f| f.accounts = Ok(accounts(&["x"], &[]))), ["member-other-host"]);
    assert_eq!(errors(|f| f.managed = Ok(vec!["Namespace a".into()])), ["member-leftovers"]);
    assert_eq!(errors(|f| f.missing_rights = vec!["create secrets".into()]), ["member-rights"]);
    let no_tower = Evidence { tower: Some(Err("DNS: x".into())), ..fresh(|_| {}) };
    assert_eq!(errors_of(&no_tower, Stage::Before), ["member-tower"]);
    // KubeSphere brings them.
    assert_eq!(errors(|f| f.missing_kinds = vec!["X".into()]), [""; 0]);
}

/// The console of another host may have joined it under the same name: KubeFed of this one would delete what is placed there.
#[test]
fn before_a_join_is_repeated_the_cluster_must_be_known_to_this_host() {
    let again = |known: Option<&str>, host: Option<&str>| {
        let mut evidence = with(|f| {
            f.managed = Ok(vec!["Namespace a".into()]);
            f.accounts = Ok(accounts(&["m1"], host.as_slice()));
        });
        evidence.registered = None;
        evidence.known_uid = known.map(str::to_owned);
        errors_of(&evidence, Stage::Before)
    };
    assert_eq!(again(None, None), ["member-other-host", "member-leftovers"]);
    assert_eq!(again(Some("u1"), None), [""; 0], "joined by the console of this host");
    assert_eq!(again(None, Some("h")), [""; 0], "joined by ksi, or after a rejoin");
    assert_eq!(again(None, Some("x")), ["member-other-host", "member-leftovers"]);
    assert_eq!(again(Some("u2"), Some("h")), ["member-identity"]);
}

#[test]
fn another_version_is_a_warning() {
    let evidence = Evidence { host_version: Some("v3.3.2".into()), ..healthy() };
    let report = run(&evidence, Stage::Joined, &[]);
    let row = report.rows.iter().find(|row| row.about.id == "member-version").unwrap();
    assert_eq!(row.outcome, Outcome::Warning("it has v3.4.1, the host has v3.3.2".into()));
}

#[test]
fn hints_name_the_member() {
    let report = run(&Evidence { kubefed: None, ..healthy() }, Stage::Joined, &[]);
    let row = report.rows.iter().find(|row| row.about.id == "member-federated").unwrap();
    assert!(row.hint().contains("kubefedcluster m1"), "{}", row.hint());
}

#[test]
fn every_check_has_a_page() {
    for check in checks() {
        let (_, text) = page(check.about.id).unwrap_or_else(|| panic!("{}", check.about.id));
        assert!(text.len() > 40, "{}: {text}", check.about.id);
    }
    assert!(page("nothing").is_none());
}
