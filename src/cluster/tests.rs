//! The client against a small server: what runs share, and what they do not.

pub(crate) mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use self::server::{Fault, Server, block_on};
use super::error::{Error, ErrorKind};
use super::objects::Apply;
use super::{Change, Cluster, Selection, WriteLock};

fn config_map() -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "default"}, "data": {},
    })
}

fn lost() -> Error {
    Error::new(ErrorKind::Cancelled, "hold", "the lock", "another run has taken it over")
}

#[test]
fn runs_on_one_connection_have_their_own_deadlines_warnings_and_cancellation() {
    let server = Server::start();
    server.header("/version", "warning: 299 - \"old\"");
    block_on(async {
        let one = server.connect().await;
        let other = one.session();
        let same_run = one.clone();
        one.read_path("/version").await.unwrap();
        assert_eq!(other.warnings(), [""; 0]);
        assert_eq!(same_run.warnings(), ["old"]);
        assert_eq!(one.warnings(), [""; 0], "each once");

        one.end_in(Duration::ZERO);
        assert!(!one.lasts(Duration::ZERO) && !same_run.lasts(Duration::ZERO));
        assert!(other.lasts(Duration::from_secs(600)));
        let last = one.with_at_least(Duration::from_secs(10));
        assert!(last.lasts(Duration::from_secs(9)) && !last.lasts(Duration::from_secs(11)));
        assert!(!one.lasts(Duration::ZERO));

        one.cancel(lost());
        assert_eq!(same_run.read_path("/version").await, Err(lost()));
        other.read_path("/version").await.unwrap();
        assert!(other.server_time().is_none() && one.session().warnings().is_empty());
    });
}

#[test]
fn connections_share_nothing() {
    let servers = [Server::start(), Server::start()];
    servers[0].serve("test.io", "v1", &[("Widget", "widgets", true)]);
    servers[0].header("/version", "date: Sat, 21 Nov 2026 16:21:50 GMT");
    servers[0].header("/version", "warning: 299 - \"old\"");
    block_on(async {
        let (one, other) = (servers[0].connect().await, servers[1].connect().await);
        one.read_path("/version").await.unwrap();
        assert!(one.server_time().is_some() && other.server_time().is_none());
        let widget = super::Kind::new("test.io", "v1", "Widget");
        assert!(one.resource(&widget).await.unwrap().is_some());
        assert!(other.resource(&widget).await.unwrap().is_none());
        one.cancel(lost());
        one.end_in(Duration::ZERO);
        other.read_path("/version").await.unwrap();
        assert!(other.lasts(Duration::from_secs(600)));
        assert_eq!(other.warnings(), [""; 0]);
        assert_eq!(one.warnings(), ["old"]);
    });
}

#[test]
fn requests_in_flight_end_when_the_run_is_cancelled() {
    let server = Server::start();
    server.fault("GET", "/version", Fault::Silence);
    block_on(async {
        let cluster = server.connect().await;
        let begin = Instant::now();
        let asked = cluster.read_path("/version");
        let cancelled = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            cluster.cancel(lost());
        };
        let (answer, ()) = futures_util::join!(asked, cancelled);
        assert_eq!(answer, Err(lost()));
        assert!(begin.elapsed() < Duration::from_secs(3));
    });
}

/// A lock that is lost at a certain check.
#[derive(Debug, Default)]
struct Scripted {
    checks: AtomicUsize,
    lost_at: usize,
    /// Whether the server has to be asked.
    is_stale: AtomicBool,
    /// Whether the process is frozen between each check and the write.
    freezes: bool,
}

impl WriteLock for Scripted {
    fn is_held(&self) -> Result<bool, Error> {
        if self.is_stale.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let check = self.checks.fetch_add(1, Ordering::Relaxed);
        if check == self.lost_at { Err(lost()) } else { Ok(true) }
    }

    fn time_left(&self) -> Duration {
        if self.freezes { Duration::ZERO } else { Duration::from_secs(600) }
    }

    fn ensure(&self) -> BoxFuture<'_, Result<(), Error>> {
        self.is_stale.store(false, Ordering::Relaxed);
        Box::pin(async { Ok(()) })
    }
}

fn locked(cluster: &Cluster, lost_at: usize, stale: bool) -> Cluster {
    let is_stale = AtomicBool::new(stale);
    cluster.locked_by(Arc::new(Scripted { lost_at, is_stale, ..Scripted::default() }))
}

#[test]
fn a_write_is_not_sent_if_the_lock_expires_after_the_check() {
    let server = Server::start();
    block_on(async {
        let cluster = server.connect().await;
        let lock = Scripted { lost_at: 1, freezes: true, ..Scripted::default() };
        let answer = cluster.locked_by(Arc::new(lock)).apply(&config_map(), Apply::default()).await;
        assert_eq!(answer, Err(lost()));
        assert_eq!(server.count("PATCH", "/configmaps/a"), 0);
    });
}

#[test]
fn the_lock_is_checked_before_every_try_of_a_write() {
    let server = Server::start();
    block_on(async {
        let cluster = server.connect().await;
        server.fault("PATCH", "/configmaps/a", Fault::Status(503));
        let retried = locked(&cluster, 1, false);
        let answer = retried.apply(&config_map(), Apply::default()).await;
        assert_eq!(answer, Err(lost()));
        assert_eq!(server.count("PATCH", "/configmaps/a"), 1, "not sent again");

        server.fault("PATCH", "/configmaps/a", Fault::Status(503));
        let stale = locked(&cluster, 9, true);
        stale.apply(&config_map(), Apply::default()).await.unwrap();

        let reading = locked(&cluster, 0, false);
        reading.read_path("/version").await.unwrap();
        let asked = Apply { dry_run: true, ..Apply::default() };
        reading.apply(&config_map(), asked).await.unwrap();
    });
}

#[test]
fn a_dry_run_waits_for_the_server_but_not_for_a_webhook() {
    let server = Server::start();
    let dry_run = Apply { dry_run: true, ..Apply::default() };
    block_on(async {
        let kubeconfig = server.kubeconfig("{}");
        let cluster = server.connect_patient(&kubeconfig, Duration::from_secs(60)).await;
        cluster.read_path("/version").await.unwrap();
        for _ in 0..6 {
            server.fault("PATCH", "/configmaps/a", Fault::Status(503));
        }
        let begin = Instant::now();
        cluster.apply(&config_map(), dry_run).await.unwrap();
        assert!(begin.elapsed() > Duration::from_secs(3), "{:?}", begin.elapsed());

        for _ in 0..60 {
            server.fault("PATCH", "/configmaps/a", Fault::Webhook);
        }
        let begin = Instant::now();
        let error = cluster.apply(&config_map(), dry_run).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Webhook);
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    });
}

#[test]
fn parallel_requests_with_rejected_credentials_log_in_once() {
    let server = Server::start();
    let runs = tempfile::NamedTempFile::new().unwrap();
    // The token of the first login is t1, of the second one t2.
    let credential = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t'$(wc -l < RUNS)'"}}"#;
    let script = format!("echo >> RUNS; echo '{credential}'");
    let script = script.replace("RUNS", &runs.path().display().to_string());
    let user = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["-c", script],
        "interactiveMode": "Never",
    }});
    block_on(async {
        let kubeconfig = server.kubeconfig(&user.to_string());
        let cluster = server.connect_with(&kubeconfig).await;
        let logins = || std::fs::read_to_string(runs.path()).unwrap().lines().count();
        assert_eq!(logins(), 1);
        server.accept_only("t2");
        let asked = (0..10).map(|_| cluster.read_path("/version"));
        futures_util::future::try_join_all(asked).await.unwrap();
        assert_eq!(logins(), 2);
    });
}

/// A login lasts for 15 minutes on EKS, and a watch for hours.
#[test]
fn a_watch_goes_on_with_new_credentials() {
    let server = Server::start();
    let kubeconfig = server.kubeconfig("{token: old}");
    block_on(async {
        let cluster = server.connect_with(&kubeconfig).await;
        let config_maps = super::Kind::new("", "v1", "ConfigMap");
        cluster.resource(&config_maps).await.unwrap();
        server.accept_only("new");
        let mut changes = cluster.watch(&config_maps, &Selection::default()).await.unwrap();
        let rotated = server.kubeconfig("{token: new}");
        std::fs::copy(rotated.path(), kubeconfig.path()).unwrap();
        assert!(matches!(changes.next().await, Some(Change::Interrupted(_))));
        assert_eq!(changes.next().await, Some(Change::Complete));
    });
}

/// `/proc/net/tcp` shows which timer runs on a connection: 2 is that of keepalive.
#[test]
fn silent_connections_are_probed() {
    let server = Server::start();
    block_on(async {
        let cluster = server.connect().await;
        cluster.read_path("/version").await.unwrap();
        let Ok(table) = std::fs::read_to_string("/proc/net/tcp") else { return };
        let remote = format!(":{:04X}", server.port);
        let timers: Vec<&str> = table
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .filter(|columns| columns[2].ends_with(&remote))
            .map(|columns| &columns[5][..2])
            .collect();
        assert_eq!(timers, ["02"]);
    });
}
