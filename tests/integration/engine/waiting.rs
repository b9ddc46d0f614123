//! What a run tells while it waits, and when it stops waiting.

use std::time::Duration;

use ksi::engine::{self, ComponentState, ConnectionState, Event, Stop};
use ksi::health::{Cause, Passing};
use ksi::object::ObjectId;
use ksi::target::ErrorKind;
use tokio::time::Instant;

use super::doubles::{Life, Memory};
use super::world::{RunReport, id, objects, options, plan, run, wait};

const CONSOLE: &str = "Deployment/console";

fn cause(passing: Passing) -> Cause {
    Cause {
        object: id(CONSOLE),
        reason: "ImagePullBackOff".into(),
        message: "not found".into(),
        next_step: "push it".into(),
        passing,
    }
}

/// The console is not healthy for so long, with this cause for so long.
fn failing(slow: usize, until: usize, passing: Passing) -> Memory {
    Memory::default().living(Life {
        slow: [(id(CONSOLE), slow)].into(),
        causes: [(id(CONSOLE), (until, cause(passing)))].into(),
        ..Life::default()
    })
}

/// A run with the time of each event.
fn timed(target: &Memory, fail_fast: bool) -> (RunReport, Vec<Duration>) {
    let (mut events, mut times) = (Vec::new(), Vec::new());
    let mut options = options();
    options.wait.fail_fast = fail_fast;
    options.wait.timeout = Duration::from_secs(100);
    let answer = wait(async {
        let planned = plan(target, objects(), &options).await;
        let begin = Instant::now();
        let mut report = |event: Event| {
            times.push(begin.elapsed());
            events.push(event);
        };
        engine::apply(target, &planned, &options, &Stop::default(), &mut report).await
    });
    (RunReport { answer, events }, times)
}

/// When a cause was told, each time.
fn told(report: &RunReport, times: &[Duration]) -> Vec<Duration> {
    let is_cause = |event: &Event| matches!(event, Event::Wait { cause: Some(cause), .. } if cause.reason == "ImagePullBackOff");
    let told = report.events.iter().zip(times).filter(|(event, _)| is_cause(event));
    told.map(|(_, time)| *time).collect()
}

#[test]
fn a_cause_is_told_once_within_seconds_and_waited_for() {
    let memory = failing(usize::MAX, usize::MAX, Passing::Possible);
    let (report, times) = timed(&memory, true);
    let told = told(&report, &times);
    assert_eq!(told.len(), 1);
    assert!(told[0] <= Duration::from_secs(7), "{told:?}");
    assert!(report.incomplete().timed_out);
    let (_, why) = &report.incomplete().unhealthy[0];
    assert!(why.ends_with("Deployment/console: ImagePullBackOff: not found"), "{why}");
}

#[test]
fn what_cannot_pass_ends_the_wait_early() {
    let missing = |name: &str| Passing::Needs(ObjectId { name: name.into(), ..id("Service/core") });
    for (passing, is_final) in
        [(Passing::Impossible, true), (missing("core"), true), (missing("of-somebody-else"), false)]
    {
        let (report, times) = timed(&failing(usize::MAX, usize::MAX, passing.clone()), true);
        let incomplete = report.incomplete();
        assert_eq!(incomplete.timed_out, !is_final, "{passing:?}");
        if is_final {
            assert!(*times.last().unwrap() < Duration::from_secs(60), "{times:?}");
            assert_eq!(incomplete.kind(), ErrorKind::Unhealthy);
            assert_eq!(report.state("core"), ComponentState::Failed);
            assert_eq!(report.state("iam"), ComponentState::Skipped);
            assert_eq!(report.state("kubefed"), ComponentState::Healthy);
        }
    }
    let (report, _) = timed(&failing(usize::MAX, usize::MAX, Passing::Impossible), false);
    assert!(report.incomplete().timed_out);
}

#[test]
fn a_cause_that_passes_in_time_is_forgotten() {
    // A moment of the double is ten milliseconds.
    let memory = failing(4000, 2000, Passing::Impossible);
    let (report, times) = timed(&memory, true);
    report.answer.as_ref().unwrap();
    assert_eq!(told(&report, &times).len(), 1);
    assert_eq!(report.state("core"), ComponentState::Healthy);
}

#[test]
fn a_target_that_does_not_answer_is_told_and_so_is_its_return() {
    let memory = Memory::default().living(Life {
        slow: [(id(CONSOLE), 2000)].into(),
        silent: 500..1000,
        ..Life::default()
    });
    let report = run(&memory, objects(), &options());
    report.answer.as_ref().unwrap();
    let told: Vec<_> = report
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Connection { state, message } => Some((*state, message.as_str())),
            _ => None,
        })
        .collect();
    let lost = "connection to memory lost: connection refused; retrying for up to 58s";
    assert_eq!(told[0], (ConnectionState::Lost, lost));
    assert_eq!(told[1].0, ConnectionState::Restored);
    assert!(told[1].1.starts_with("memory responds again after "), "{told:?}");
    assert_eq!(told.len(), 2);
}
