//! Clocks: that of the API server is another one than ours, and a lock whose time ran out is not lost yet.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ksi::cluster::{Cluster, ConnectOptions};
use ksi::object::{ObjectId, Policy};
use ksi::target::{ClusterTarget, Error, ErrorKind, Write, Writer as _, Written};
use sandbox::proxy::{Fault, Match, Nth, Rule, Victim};
use sandbox::requirements::skip;
use serde_json::{Value, json};

use super::running::Running;
use super::stage::{Stage, apply};
use crate::client::block_on;
use crate::hands::{Hands as _, SYSTEM};
use crate::installed::{self, Said, sample};

const LEASE: &str = "-n kubesphere-system patch lease ks-installer-apply --type=merge -p";

#[test]
fn neither_wrong_clocks_nor_late_ones_do_harm() {
    let Some(stage) = Stage::set() else { return };
    a_lock_that_was_not_renewed_in_time_is_asked_for_and_only_then_lost(&stage);
    if let Some(faketime) = faketime() {
        a_clock_that_is_wrong_by_minutes_does_no_harm(&stage, &faketime);
    }
}

fn a_clock_that_is_wrong_by_minutes_does_no_harm(stage: &Stage, faketime: &Path) {
    let ksi = |offset: &str, kubeconfig: &Path, arguments: &[&str]| {
        let mut command = installed::ksi(kubeconfig, arguments);
        command.env("LD_PRELOAD", faketime).env("FAKETIME", offset);
        command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        command
    };
    let kubeconfig = stage.plane().kubeconfig();
    let file = sample("none.yaml");
    let apply = apply(&file, &[]);

    let said = Said::of(ksi("+10m", &kubeconfig, &["check", "--pre"]).output().unwrap());
    assert!(said.out.contains("behind the clock of this machine"), "{}\n{}", said.out, said.err);

    // Killed while it holds the lock, which ends in ten minutes by its clock. No second clock counts.
    let victim = Victim::default();
    let fault = Fault::Kill(victim.clone());
    stage.proxy.set([Rule::new(Match::writes().agent("ksi/"), Nth::Only(40), fault)]);
    let ahead = ksi("+10m", stage.proxy.kubeconfig(), &apply);
    let ahead = Running::start(ahead, stage.plane().folder());
    victim.set(ahead.id()).unwrap();
    assert_eq!(ahead.end().code, -1, "it was not killed");
    nothing_begins_in_the_future(stage);
    stage.kubectl_with(LEASE, &json!({"spec": {"leaseDurationSeconds": 2}}).to_string());
    Said::of(ksi("-10m", &kubeconfig, &apply).output().unwrap()).expect(0);
    stage.rests(&[]);
}

/// The library that turns the clock of a program; `None` where it is not installed.
fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut places = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    let found = places.find(|path| path.exists());
    found.or_else(|| skip("the Debian package libfaketime is not installed").unwrap())
}

/// By the clock of the API server, and of everybody who checks them.
fn nothing_begins_in_the_future(stage: &Stage) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let now = i64::try_from(now).unwrap();
    let (mut certificates, mut tokens) = (0, 0);
    for (name, text) in stage.values() {
        if text.contains("BEGIN CERTIFICATE") {
            let (_, pem) = x509_parser::pem::parse_x509_pem(text.as_bytes()).unwrap();
            let begin = pem.parse_x509().unwrap().validity().not_before.timestamp();
            assert!(begin <= now, "{name} begins {} s from now", begin - now);
            certificates += 1;
        }
        if name == "staticToken" {
            let claims = URL_SAFE_NO_PAD.decode(text.split('.').nth(1).unwrap()).unwrap();
            let claims: Value = serde_json::from_slice(&claims).unwrap();
            assert!(claims["iat"].as_i64().unwrap() <= now, "{name}");
            tokens += 1;
        }
    }
    assert!(certificates > 0 && tokens > 0, "{certificates} certificates, {tokens} tokens");
}

fn a_lock_that_was_not_renewed_in_time_is_asked_for_and_only_then_lost(stage: &Stage) {
    block_on(async {
        let kubeconfig = Some(stage.plane().kubeconfig());
        let options = ConnectOptions { kubeconfig, ..ConnectOptions::default() };
        let cluster = Arc::new(Cluster::connect(&options).await.unwrap());
        let target = ClusterTarget::new(cluster, "one@here/1");
        target.lock().await.unwrap();
        // The API server was away for longer than a holder may trust what it knows.
        half_a_minute_later().await;
        write(&target).await.unwrap();

        let other = json!({"spec": {"holderIdentity": "other@there/2"}});
        stage.kubectl_with(LEASE, &other.to_string());
        half_a_minute_later().await;
        let error = write(&target).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Locked, "{error}");
        assert!(error.to_string().contains("another run took it over"), "{error}");
    });
    stage.kubectl(&format!("-n {SYSTEM} delete lease ks-installer-apply"));
}

async fn half_a_minute_later() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(28)).await;
    tokio::time::resume();
}

async fn write(target: &ClusterTarget) -> Result<Written, Error> {
    let body = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "any", "namespace": SYSTEM}, "data": {"a": "1"},
    });
    let id = ObjectId::of(&body).unwrap();
    let write = Write { id: &id, policy: Policy::Apply, create: true, body: &body, force: false };
    target.write(write).await
}
