//! etcd is full in the middle of a run.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use sandbox::control_plane::ControlPlane;
use serde_json::{Value, json};

use super::stage::Stage;
use crate::hands::Hands as _;

/// The alarm that etcd raises when its quota is used up, without the gigabytes: from then on it refuses
/// every write until somebody makes room and takes the alarm back.
#[test]
fn a_full_etcd_is_told_at_once() {
    let Some(stage) = Stage::set() else { return };
    let full = |plane: &ControlPlane| alarm(plane, "ACTIVATE");
    let begin = Instant::now();
    let said = stage.apply_while(&[], &[(110, &full)]).expect(4);
    assert!(said.err.contains("database space exceeded"), "{}", said.err);
    assert!(said.err.contains("etcdctl alarm disarm"), "{}", said.err);
    // No waiting makes room.
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    alarm(stage.plane(), "DEACTIVATE");
    stage.heals(&[]);
}

fn alarm(plane: &ControlPlane, action: &str) {
    let answer =
        ask(plane, "/v3/maintenance/alarm", &json!({"action": action, "alarm": "NOSPACE"}));
    assert!(answer.contains("200 OK"), "{answer}");
}

/// What etcd's gateway for clients without gRPC answers.
fn ask(plane: &ControlPlane, path: &str, body: &Value) -> String {
    let state = std::fs::read(plane.folder().join("control-plane.json")).unwrap();
    let state: Value = serde_json::from_slice(&state).unwrap();
    let port = u16::try_from(state["etcd"].as_u64().unwrap()).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let body = body.to_string();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
