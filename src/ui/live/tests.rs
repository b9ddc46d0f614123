use serde_json::json;

use super::*;
use crate::engine::ComponentState;
use crate::object::ObjectId;
use crate::plan::Summary;

fn object() -> ObjectId {
    let metadata = json!({"name": "tower", "namespace": "kubesphere-system"});
    let body = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata});
    ObjectId::of(&body).unwrap()
}

fn applied(state: Action) -> Event {
    Event::Apply { component: "tower".into(), object: object(), state, reason: None }
}

fn waiting() -> Event {
    Event::Wait {
        component: "tower".into(),
        object: object(),
        reason: "no replica".into(),
        cause: None,
    }
}

fn live(out: &mut Vec<u8>, mode: Mode, began: Instant) -> Live<&mut Vec<u8>> {
    let progress = Progress::new("Applying", began);
    Live::with(out, mode, (false, true), || (80, 24), progress, began)
}

fn second(began: Instant, number: u64) -> Instant {
    began + Duration::from_secs(number)
}

#[test]
fn silence_is_broken_by_what_is_awaited() {
    let (mut out, began) = (Vec::new(), Instant::now());
    let mut live = live(&mut out, Mode::Lines, began);
    live.record(&applied(Action::Create), began);
    live.record(&waiting(), second(began, 1));
    for number in 1..=20 {
        live.tick(second(began, number));
    }
    live.stop(second(began, 21));
    live.stop(second(began, 22));
    live.finish(false, second(began, 23));
    drop(live);
    let expected = "created Deployment/kubesphere-system/tower (tower)
waiting for Deployment/kubesphere-system/tower (tower): no replica
still running after 16s, 1 of 1 objects: tower (waiting for tower: no replica)
stopping after the requests in progress; press Ctrl-C again to exit immediately
";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn a_table_is_redrawn_in_place_and_not_too_often() {
    let (mut out, began) = (Vec::new(), Instant::now());
    let mut live = live(&mut out, Mode::Table, began);
    for millisecond in 0..1000 {
        live.record(&waiting(), began + Duration::from_millis(millisecond));
    }
    live.record(&applied(Action::Conflict), second(began, 1));
    let end = ComponentState::Healthy;
    let (done, total, reason) = (1, 1, None);
    let healthy = Event::Component { name: "tower".into(), state: end, done, total, reason };
    live.record(&healthy, second(began, 2));
    live.record(&Event::Summary(Summary { create: 1, ..Summary::default() }), second(began, 2));
    live.finish(true, second(began, 2));
    drop(live);
    let text = String::from_utf8(out).unwrap();
    let frames: Vec<&str> = text.split(super::super::screen::BEGIN).skip(1).collect();
    // One each 100 ms of the first second, one with the conflict, one that is healthy, the last one.
    assert_eq!(frames.len(), 12, "{text:?}");
    assert!(frames[0].starts_with("\x1b[?25l\r\x1b[2KApplying"), "{:?}", frames[0]);
    assert!(frames[1].starts_with("\x1b[3A\r\x1b[2KApplying"), "{:?}", frames[1]);
    let conflict = "\x1b[3A\r\x1b[J\r\x1b[2Kconflict Deployment/kubesphere-system/tower (tower)\n\r\x1b[2KApplying";
    assert!(frames.iter().any(|frame| frame.starts_with(conflict)), "{text:?}");
    assert!(!text.contains("created Deployment"), "{text:?}");
    assert!(frames.iter().all(|frame| frame.contains("\x1b[J\x1b[?2026l")), "{text:?}");
    assert!(text.contains("✓ healthy"), "{text:?}");
    assert!(text.ends_with("\x1b[?2026l\x1b[?25hdone: 1 created\n"), "{text:?}");
}

#[test]
fn only_trouble_where_only_that_is_wanted() {
    let (mut out, began) = (Vec::new(), Instant::now());
    let mut live = live(&mut out, Mode::Errors, began);
    live.record(&applied(Action::Create), began);
    let error = Event::Error {
        object: Some(object()),
        reason: Some(crate::target::ErrorKind::Invalid),
        message: "spec is wrong".into(),
        help: String::new(),
    };
    live.record(&error, began);
    live.tick(second(began, 60));
    live.finish(false, second(began, 60));
    drop(live);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text, "failed Deployment/kubesphere-system/tower: spec is wrong\n");
}

#[test]
fn federated_objects_are_counted_in_one_line() {
    let kept = |reason: &str| Event::Prune {
        component: "tower".into(),
        object: object(),
        state: Pruned::Kept,
        reason: Some(reason.into()),
    };
    let shown = |list_all: bool| {
        let (mut out, began) = (Vec::new(), Instant::now());
        let mut live = live(&mut out, Mode::Lines, began);
        live.federated = (!list_all).then_some(0);
        for event in [kept(FEDERATED), kept(FEDERATED), kept("other"), kept(FEDERATED)] {
            live.record(&event, began);
        }
        live.finish(true, began);
        drop(live);
        String::from_utf8(out).unwrap()
    };
    let expected = format!(
        "kept 2 objects: {FEDERATED}\nkept Deployment/kubesphere-system/tower: other\n\
         kept 1 object: {FEDERATED}\n"
    );
    assert_eq!(shown(false), expected);
    assert_eq!(shown(true).lines().count(), 4);
}
