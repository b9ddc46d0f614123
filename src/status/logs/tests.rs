//! Logs against a server that sends what the test says, when it says it.

mod server;

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use self::server::{LogServer, Part};
use super::*;
use crate::cluster::{Change, Cluster, ErrorKind};
use crate::object::Scrubber;
use crate::status::testing::deployment;

fn pod(name: &str, containers: &[&str], restarts: u64) -> Value {
    let specs: Vec<Value> = containers.iter().map(|name| json!({"name": name})).collect();
    let statuses = containers
        .iter()
        .map(|name| json!({"name": name, "restartCount": restarts, "state": {"running": {}}}));
    json!({
        "metadata": {"name": name, "namespace": "a", "uid": name, "labels": {"app": "tower"}},
        "spec": {"containers": specs}, "status": {"containerStatuses": statuses.collect::<Value>()},
    })
}

fn reader<'c>(cluster: &'c Cluster, scrubber: &'c Scrubber, containers: &[&str]) -> LogReader<'c> {
    let containers = super::containers(&pod("p", containers, 0)).into_iter().map(Arc::new);
    LogReader::new(cluster, LogQuery::default(), scrubber, containers.collect())
}

/// `CONTAINER: LINES` or what else happened.
fn text(update: LogUpdate) -> String {
    match update {
        LogUpdate::Lines { container, lines } => format!("{}: {}", container.name, lines.join(",")),
        LogUpdate::Unreadable(error) => format!("unreadable: {:?}", error.kind),
        LogUpdate::Reopening { container, .. } => format!("{}: reopening", container.name),
        LogUpdate::Reconnecting(cause) => format!("reconnecting: {cause}"),
    }
}

#[tokio::test]
async fn lines_are_handed_on_while_the_log_still_comes() {
    let server = LogServer::start();
    let (cluster, scrubber) = (server.connect().await, Scrubber::new());
    let (first, second) = (server.log("one"), server.log("two"));
    let mut logs = reader(&cluster, &scrubber, &["one", "none", "two"]);
    first.send(Part::Text("a\npassword=hunter2\n".into())).unwrap();
    second.send(Part::Text("z\n".into())).unwrap();
    drop(second);
    // The first log is not at its end, and is longer than what is in flight.
    assert_eq!(logs.next().await.map(text).unwrap(), "one: a,password=***");
    assert_eq!(server.asked().len(), 1, "the others are opened when they are read");
    let line = "x".repeat(99) + "\n";
    std::thread::spawn(move || {
        (0..100).try_for_each(|_| first.send(Part::Text(line.repeat(1000))))
    });
    let mut count = 0;
    let last = loop {
        match logs.next().await.unwrap() {
            LogUpdate::Lines { container, lines } if container.name == "one" => {
                count += lines.len();
            }
            other => break text(other),
        }
    };
    assert_eq!((count, last.as_str()), (100_000, "two: z"));
    assert_eq!(logs.next().await.map(text).unwrap(), "unreadable: NotFound");
    assert_eq!(logs.next().await, None);
    assert_eq!(logs.finish(), Ok(()));
}

#[tokio::test]
async fn a_log_that_breaks_off_is_shown_as_far_as_it_came() {
    let server = LogServer::start();
    let (cluster, scrubber) = (server.connect().await, Scrubber::new());
    let log = server.log("one");
    let mut logs = reader(&cluster, &scrubber, &["one"]);
    log.send(Part::Text("a\n".into())).unwrap();
    assert_eq!(logs.next().await.map(text).unwrap(), "one: a");
    log.send(Part::Break).unwrap();
    assert_eq!(logs.next().await.map(text).unwrap(), "unreadable: Unreachable");
    assert_eq!(logs.next().await, None);
    let Err(LogError::Status(Error::Cluster(error))) = logs.finish() else { panic!() };
    assert_eq!(error.kind, ErrorKind::Unreachable);
}

#[tokio::test]
async fn new_containers_and_broken_logs_are_followed() {
    let server = LogServer::start();
    let (cluster, scrubber) = (server.connect().await, Scrubber::new());
    let (changes, mut received) = mpsc::unbounded_channel();
    let pods = futures_util::stream::poll_fn(move |context| received.poll_recv(context));
    let query = LogQuery { tail: Some(1), ..LogQuery::default() };
    let mut logs = LogFollower::new(&cluster, query, &scrubber, vec![deployment("tower")]);
    logs.watch(0, pods);
    let one = server.log("one");
    one.send(Part::Text("a\n".into())).unwrap();
    changes.send(Change::Applied(pod("p", &["one"], 0))).unwrap();
    changes.send(Change::Complete).unwrap();
    assert_eq!(logs.next().await.map(text).unwrap(), "one: a");
    // Nobody else is held up while this one is opened again.
    one.send(Part::Break).unwrap();
    assert_eq!(logs.next().await.map(text).unwrap(), "one: reopening");
    let (again, two) = (server.log("one"), server.log("two"));
    again.send(Part::Text("b\n".into())).unwrap();
    two.send(Part::Text("c\n".into())).unwrap();
    let mut other = pod("q", &["two"], 0);
    other["metadata"]["labels"] = json!({"app": "other"});
    changes.send(Change::Applied(other)).unwrap();
    changes.send(Change::Applied(pod("r", &["two"], 0))).unwrap();
    changes.send(Change::Interrupted("reset".into())).unwrap();
    let mut updates = Vec::new();
    for _ in 0..3 {
        updates.push(logs.next().await.map(text).unwrap());
    }
    updates.sort();
    assert_eq!(updates, ["one: b", "reconnecting: reset", "two: c"]);
    // The watch repeats what is open; a restart is another log.
    changes.send(Change::Applied(pod("r", &["two"], 0))).unwrap();
    changes.send(Change::Applied(pod("r", &["two"], 1))).unwrap();
    assert_eq!(logs.next().await.map(text).unwrap(), "unreadable: NotFound");
    changes.send(Change::Deleted(pod("r", &["two"], 1))).unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(50), logs.next()).await;
    assert!(waiting.is_err(), "{waiting:?}");
    let asked = server.asked();
    let with = |words: &str| asked.iter().filter(|query| query.contains(words)).count();
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert_eq!((with("follow=true"), with("tailLines=1"), with("sinceSeconds=")), (4, 1, 1));
    assert_eq!(with("sinceSeconds=0"), 0, "the API server refuses it");
}

#[test]
fn what_was_asked_for_and_is_not_there_is_named() {
    let (pods, ask) = ([pod("p", &["one", "two"], 0)], |name: Option<&str>, previous| LogQuery {
        container: name.map(str::to_owned),
        previous,
        ..LogQuery::default()
    });
    let why = |query: LogQuery| query.no_log(&pods.iter().collect::<Vec<_>>()).to_string();
    assert_eq!(why(ask(Some("x"), false)), "container `x` not found; containers are: one, two");
    let not_restarted = "no container `one` has restarted; containers that have: one, two";
    assert_eq!(why(ask(Some("one"), true)), not_restarted);
    assert_eq!(why(ask(None, true)), "no container has restarted");
    assert_eq!(why(ask(None, false)), "no container has started yet");
}
