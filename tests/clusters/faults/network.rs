//! What stands between ksi and the API server.

use std::time::{Duration, Instant};

use ksi::cluster::{Apply, Cluster, ConnectOptions, ErrorKind};
use sandbox::proxy::{Fault, Match, Nth, Rule};
use serde_json::json;

use super::stage::Stage;
use crate::client::block_on;
use crate::hands::{Hands as _, SYSTEM};

#[test]
fn a_bad_network_costs_time_and_nothing_else() {
    let Some(stage) = Stage::set() else { return };
    let empty = stage.plane().snapshot().unwrap();
    a_dead_api_of_somebody_else(&stage);
    every_passing_fault_at_once(&stage);
    events_that_cannot_be_read(&stage);
    an_answer_that_takes_too_long_is_not_waited_for(&stage);
    stage.restore(&empty);
    another_server_answers(&stage);
}

/// Whoever asks for all kinds there are gets an error from now on.
fn a_dead_api_of_somebody_else(stage: &Stage) {
    stage.make(json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": "v1beta1.metrics.k8s.io"},
        "spec": {
            "group": "metrics.k8s.io", "version": "v1beta1",
            "groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": true,
            "service": {"namespace": "kube-system", "name": "nobody"},
        },
    }));
    assert!(stage.plane().kubectl(&["get", "--raw", "/apis/metrics.k8s.io/v1beta1"]).is_err());
}

fn every_passing_fault_at_once(stage: &Stage) {
    let writes = || Match::writes().agent("ksi/");
    let any = || Match::any().agent("ksi/");
    // A kind that comes with this installation, asked for before the server serves it.
    let new_kind = Match::reads().agent("ksi/").resource("users").contains("?limit=1");
    let kinds = Match::writes().agent("ksi/").resource("customresourcedefinitions");
    let status = |code, retry_after| Fault::Status { code, retry_after };
    let rules = [
        Rule::new(new_kind, Nth::First(10), status(404, None)),
        Rule::new(kinds, Nth::First(20), status(429, Some(1))),
        Rule::new(writes(), Nth::Every(3), status(500, None)),
        Rule::new(writes(), Nth::Every(37), Fault::ResetAfter),
        Rule::new(any(), Nth::Every(59), Fault::ResetBefore),
        Rule::new(any(), Nth::Every(31), Fault::Truncate),
        Rule::new(any(), Nth::Every(23), Fault::Goaway),
        Rule::new(any(), Nth::Every(67), Fault::Delay(Duration::from_secs(3))),
    ];
    let count = rules.len();
    stage.proxy.set(rules);
    stage.begin(&[]).end().expect(0);
    let seen = stage.proxy.seen();
    for rule in 0..count {
        assert!(
            seen.iter().any(|seen| seen.rule == Some(rule)),
            "rule {rule} was never used in {} requests",
            seen.len()
        );
    }
    assert!(!seen.iter().any(|seen| seen.path.contains("/events")), "ksi needs no right to Events");
    stage.proxy.set([]);
    stage.rests(&[]);
}

/// What is wrong is told without them.
fn events_that_cannot_be_read(stage: &Stage) {
    stage.plane().processes().kill("kwok").unwrap();
    stage.kubectl(&format!("-n {SYSTEM} delete pods --all --force --grace-period=0"));
    let events = Match::reads().agent("ksi/").resource("events");
    let broken = Fault::Status { code: 500, retry_after: None };
    stage.proxy.set([Rule::new(events, Nth::All, broken)]);
    let run = stage.begin(&["--wait", "--timeout", "4s"]);
    let said = run.ends_within(Duration::from_secs(15)).expect(5);
    assert!(
        stage.proxy.seen().iter().any(|seen| seen.rule == Some(0)),
        "events were not asked for"
    );
    let finding = "Deployment/kubesphere-system/ks-apiserver (ks-core): Progressing";
    assert!(said.err.contains(finding), "{}", said.err);
    stage.proxy.set([]);
}

/// The login page of a network, say, from some moment on.
fn another_server_answers(stage: &Stage) {
    let writes = Match::writes().agent("ksi/");
    stage.proxy.set([Rule::new(writes, Nth::From(40), Fault::Garbage { code: 200 })]);
    let said = stage.begin(&[]).ends_within(Duration::from_secs(20)).expect(7);
    assert!(said.err.contains("the response is not JSON"), "{}", said.err);
    assert!(said.err.contains("not a Kubernetes API server"), "{}", said.err);
    stage.proxy.set([]);
    stage.heals(&[]);
}

/// In a test the limit of a request, half a minute, is half a second.
fn an_answer_that_takes_too_long_is_not_waited_for(stage: &Stage) {
    block_on(async {
        let options = ConnectOptions {
            kubeconfig: Some(stage.proxy.kubeconfig().to_owned()),
            request_limit: Duration::from_millis(500),
            patience: Duration::from_secs(3),
            ..ConnectOptions::default()
        };
        let cluster = Cluster::connect(&options).await.unwrap();
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "slow", "namespace": "default"}, "data": {"a": "1"},
        });
        let apply = || cluster.apply(&object, Apply::default());
        apply().await.unwrap();

        let late = Fault::Delay(Duration::from_secs(600));
        let patches = || Match::methods(&["PATCH"]).resource("configmaps");
        stage.proxy.set([Rule::new(patches(), Nth::First(2), late.clone())]);
        let begin = Instant::now();
        apply().await.unwrap();
        assert!(begin.elapsed() > Duration::from_secs(1), "{:?}", begin.elapsed());

        stage.proxy.set([Rule::new(patches(), Nth::All, late)]);
        let begin = Instant::now();
        let error = apply().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
        assert!(error.to_string().contains("ConfigMap/default/slow"), "{error}");
        assert!(error.to_string().contains("did not respond within 0.5 s"), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    });
    stage.proxy.set([]);
}
