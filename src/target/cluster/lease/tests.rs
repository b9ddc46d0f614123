use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use super::*;
use crate::cluster::tests::server::{Fault, Server, block_on};
use crate::cluster::{self, Apply, Error as ClusterError};
use crate::object::Policy;
use crate::target::{ClusterTarget, ErrorKind, Monitor as _, Store as _, Write, Writer as _};

const LEASE: &str = "/leases/ks-installer-apply";
const CONFIG_MAP: &str = "/configmaps/a";

fn short() -> Terms {
    Terms {
        duration: 1,
        renewed_every: Duration::from_millis(20),
        writes_begin: Duration::from_millis(500),
        writes_end: Duration::from_millis(800),
    }
}

/// As if the renewals were cut off from the server.
fn not_renewed() -> Terms {
    Terms { renewed_every: Duration::from_secs(600), ..short() }
}

fn config_map() -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "default"}, "data": {},
    })
}

async fn acquire_on(cluster: &Cluster, terms: Terms) -> LeaseGuard {
    let undoing = Undoing::default();
    LeaseGuard::acquire(cluster, "one@here/1", terms, &undoing).await.unwrap().0
}

async fn acquire(cluster: &Cluster) -> LeaseGuard {
    acquire_on(cluster, short()).await
}

fn take_over(server: &Server) {
    server.change(LEASE, |lease| lease["spec"]["holderIdentity"] = "other@there/2".into());
}

fn holder(server: &Server) -> String {
    let lease = server.object(LEASE).unwrap();
    lease["spec"]["holderIdentity"].as_str().unwrap().to_owned()
}

/// Waits for at most some seconds.
async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..300 {
        if is() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}");
}

fn is_lost<T>(answer: &Result<T, ClusterError>) -> bool {
    matches!(answer, Err(error) if error.kind == cluster::ErrorKind::Cancelled)
}

#[test]
fn a_run_that_lost_its_lock_is_cancelled_at_once() {
    let server = Server::start();
    block_on(async {
        let cluster = server.connect().await;
        let other_run = cluster.session();
        let guard = acquire(&cluster).await;
        let written = guard.cluster();
        written.apply(&config_map(), Apply::default()).await.unwrap();
        take_over(&server);
        let renewals = server.count("GET", LEASE);
        until("a renewal", || server.count("GET", LEASE) > renewals).await;
        sleep(Duration::from_millis(100)).await;
        assert!(is_lost(&written.apply(&config_map(), Apply::default()).await));
        let error = cluster.read_path("/version").await.unwrap_err();
        assert!(error.to_string().contains("another run took it over"), "{error}");
        assert_eq!(crate::target::Error::from(error).kind, ErrorKind::Locked);
        assert_eq!(server.count("PATCH", CONFIG_MAP), 1);
        other_run.read_path("/version").await.unwrap();

        guard.release().await;
        assert_eq!(holder(&server), "other@there/2");
    });
}

#[test]
fn a_retried_write_is_not_sent_after_a_takeover() {
    let server = Server::start();
    block_on(async {
        let cluster = server.connect().await;
        let guard = acquire_on(&cluster, not_renewed()).await;
        for _ in 0..20 {
            server.fault("PATCH", CONFIG_MAP, Fault::Status(503));
        }
        let (cluster, map) = (guard.cluster(), config_map());
        let writing = cluster.apply(&map, Apply::default());
        let taking = async {
            sleep(Duration::from_millis(100)).await;
            take_over(&server);
        };
        let (answer, ()) = futures_util::join!(writing, taking);
        assert!(is_lost(&answer), "{answer:?}");
        let sent = server.count("PATCH", CONFIG_MAP);
        assert!((1..15).contains(&sent), "{sent}");
    });
}

#[test]
fn no_try_of_a_write_lasts_longer_than_the_lock() {
    let server = Server::start();
    block_on(async {
        let cluster = server.connect().await;
        let guard = acquire_on(&cluster, not_renewed()).await;
        server.fault("PATCH", CONFIG_MAP, Fault::Silence);
        let begin = Instant::now();
        guard.cluster().apply(&config_map(), Apply::default()).await.unwrap();
        // Given up in time, and sent again after a renewal.
        assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
        assert_eq!((server.count("PATCH", CONFIG_MAP), server.count("PUT", LEASE)), (2, 1));

        server.fault("PATCH", CONFIG_MAP, Fault::Silence);
        let taking = async {
            sleep(Duration::from_millis(100)).await;
            take_over(&server);
        };
        let (cluster, map) = (guard.cluster(), config_map());
        let (answer, ()) = futures_util::join!(cluster.apply(&map, Apply::default()), taking);
        assert!(is_lost(&answer), "{answer:?}");
        assert_eq!(server.count("PATCH", CONFIG_MAP), 3);
    });
}

#[test]
fn a_lock_is_renewed_while_all_other_requests_wait() {
    let server = Server::start();
    block_on(async {
        let cluster = server.connect().await;
        let guard = acquire(&cluster).await;
        let reads: Vec<_> = (0..40)
            .map(|_| {
                server.fault("GET", "/version", Fault::Silence);
                let cluster = cluster.clone();
                tokio::spawn(async move { cluster.read_path("/version").await })
            })
            .collect();
        until("16 requests", || server.count("GET", "/version") == 16).await;
        let renewals = server.count("PUT", LEASE);
        until("a renewal", || server.count("PUT", LEASE) > renewals + 2).await;
        guard.release().await;
        assert_eq!(holder(&server), "");
        reads.iter().for_each(tokio::task::JoinHandle::abort);
    });
}

#[test]
fn who_waits_for_changes_hears_that_the_lock_is_lost() {
    let server = Server::start();
    block_on(async {
        let target = ClusterTarget::new(server.connect().await, "one@here/1");
        target.cluster().cancel(errors::taken_over());
        let nothing_changes = target.changed(&[]);
        tokio::time::timeout(Duration::from_secs(3), nothing_changes).await.unwrap();
        let id = ObjectId::of(&config_map()).unwrap();
        assert_eq!(target.live(&[id]).await.unwrap_err().kind, ErrorKind::Locked);
    });
}

#[test]
fn a_lock_that_is_interrupted_while_it_is_taken_is_released_before_the_run_ends() {
    let server = Server::start();
    block_on(async {
        let cluster = server.connect().await;
        for (method, path) in [("POST", "/leases"), ("PUT", LEASE)] {
            // The server is slow, and does all of it in the end.
            server.fault(method, path, Fault::Late(Duration::from_millis(600)));
            let target = ClusterTarget::new(&cluster, "one@here/1");
            let interrupted = tokio::time::timeout(Duration::from_millis(200), target.lock());
            interrupted.await.unwrap_err();
            target.release().await;
            assert_eq!(holder(&server), "", "{method}");
            sleep(Duration::from_secs(1)).await;
            assert_eq!(holder(&server), "", "{method}");
        }
    });
}

#[test]
fn a_lock_that_was_not_renewed_in_time_is_renewed_before_the_next_write() {
    let server = Server::start();
    block_on(async {
        let cluster = server.connect().await;
        let writes_begin = Duration::from_millis(50);
        let guard = acquire_on(&cluster, Terms { writes_begin, ..not_renewed() }).await;
        sleep(writes_begin * 2).await;
        let (cluster, map) = (guard.cluster(), config_map());
        // Sixteen are on their way at most.
        let writes = (0..40).map(|_| cluster.apply(&map, Apply::default()));
        futures_util::future::try_join_all(writes).await.unwrap();
        let renewals = server.count("PUT", LEASE);
        assert!((1..10).contains(&renewals), "{renewals}");
    });
}

#[test]
fn a_lock_that_is_dropped_is_released_and_not_renewed() {
    let server = Server::start();
    block_on(async {
        let cluster = server.connect().await;
        drop(acquire(&cluster).await);
        until("released", || holder(&server).is_empty()).await;
        let renewals = server.count("PUT", LEASE);
        sleep(Duration::from_millis(100)).await;
        assert_eq!(server.count("PUT", LEASE), renewals);

        // Dropped before the answer came.
        server.fault("PUT", LEASE, Fault::LateAnswer(Duration::from_secs(1)));
        let undoing = Undoing::default();
        tokio::select! {
            _ = LeaseGuard::acquire(&cluster, "two@here/2", short(), &undoing) => panic!("answered"),
            () = until("taken", || holder(&server) == "two@here/2") => {}
        }
        until("released", || holder(&server).is_empty()).await;
    });
}

#[test]
fn a_release_is_retried_after_a_renewal_in_flight() {
    let server = Server::start();
    block_on(async {
        let cluster = server.connect().await;
        let guard = acquire_on(&cluster, not_renewed()).await;
        server.fault("PUT", LEASE, Fault::Status(409));
        guard.release().await;
        assert_eq!(holder(&server), "");
    });
}

#[test]
fn a_target_writes_only_under_its_lock() {
    let server = Server::start();
    block_on(async {
        let cluster = server.connect().await;
        let target = ClusterTarget::new(&cluster, "one@here/1");
        let body = config_map();
        let id = ObjectId::of(&body).unwrap();
        let write =
            Write { id: &id, policy: Policy::Apply, create: true, body: &body, force: false };
        let error = target.write(write).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Locked);
        assert_eq!(error.cause, "this run does not hold it");
        assert_eq!(server.count("PATCH", CONFIG_MAP), 0);

        let made = target.lock().await.unwrap();
        assert_eq!(made[0].to_string(), "Namespace/kubesphere-system");
        target.write(write).await.unwrap();
        target.store_values(&crate::values::StoredValues::default()).await.unwrap();
        target.abandon();
        until("released", || holder(&server).is_empty()).await;
        assert_eq!(target.write(write).await.unwrap_err().kind, ErrorKind::Locked);
    });
}
