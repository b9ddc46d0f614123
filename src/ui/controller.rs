//! The log of a controller: one line for each change, readable or JSON, and a heartbeat during a run.

use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::progress::{Progress, span};
use super::{Output, event_json, event_line};
use crate::controller::{Cause, Notice, Problem};
use crate::engine::Event;
use crate::object::age::{clock, timestamp};
use crate::serve::Note;

/// The time without a line after which one says what is awaited.
const SILENCE: Duration = Duration::from_secs(15);

/// The format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// The log of a controller, on standard output. The caller calls [`tick`](Self::tick) from time to time.
#[derive(Debug)]
pub struct ControllerLog<'o> {
    output: &'o Output,
    format: LogFormat,
    /// The run that is under way.
    run: Option<Run>,
    /// When the last line was written.
    shown: Instant,
}

#[derive(Debug)]
struct Run {
    id: String,
    /// What begins it; told with the first line of the run, if it is of no interest otherwise.
    title: Option<String>,
    progress: Progress,
    began: Instant,
}

/// A line: what it is in JSON, and its text.
struct Line {
    kind: &'static str,
    text: String,
    more: Map<String, Value>,
}

impl<'o> ControllerLog<'o> {
    /// A log that begins now.
    pub fn new(output: &'o Output, format: LogFormat, now: Instant) -> Self {
        Self { output, format, run: None, shown: now }
    }

    /// Writes what happened.
    pub fn record(&mut self, notice: &Notice, now: Instant) {
        if let Notice::Begins { id, cause, by, generation } = notice {
            let title = format!("{} of generation {generation}, requested by {by}", what(*cause));
            let progress = Progress::new(title.clone(), now);
            let (id, title) = (id.clone(), Some(title));
            self.run = Some(Run { id, title, progress, began: now });
            if !is_quiet(*cause) {
                self.begin(now);
            }
            return;
        }
        if let (Notice::Event(event), Some(run)) = (notice, &mut self.run) {
            run.progress.record(event, now);
            let Some(text) = event_line(event) else { return };
            if matches!(event, Event::Summary(_)) {
                return;
            }
            self.begin(now);
            let mut more = Map::new();
            if let Value::Object(fields) = event_json(event, OffsetDateTime::now_utc()) {
                more.extend(fields.into_iter().filter(|(key, _)| key != "ts" && key != "type"));
            }
            return self.write(Line { kind: kind(event), text, more }, now);
        }
        // A run that finds nothing is no news, and neither is what it warns of each time.
        let is_idle = self.run.as_ref().is_some_and(|run| run.title.is_some());
        let is_news = !(is_idle && matches!(notice, Notice::Warning(_) | Notice::Ended { .. }));
        if let Some(line) = line(notice).filter(|_| is_news) {
            self.begin(now);
            self.write(line, now);
        }
        if matches!(notice, Notice::Ended { .. }) {
            self.run = None;
        }
    }

    /// Writes what happened to the servers.
    pub fn server(&mut self, note: &Note, now: Instant) {
        self.write(Line { kind: "server", text: note.to_string(), more: Map::new() }, now);
    }

    /// Writes what is awaited, if nothing was written for a while.
    pub fn tick(&mut self, now: Instant) {
        let Some(run) = &self.run else { return };
        if run.title.is_none() && now - self.shown >= SILENCE {
            let text = run.progress.heartbeat(now, self.output.symbols);
            self.write(Line { kind: "heartbeat", text, more: Map::new() }, now);
        }
    }

    /// Tells what the run under way is made for, unless that was told.
    fn begin(&mut self, now: Instant) {
        let title = self.run.as_mut().and_then(|run| run.title.take());
        if let Some(text) = title {
            self.write(Line { kind: "begin", text, more: Map::new() }, now);
        }
    }

    fn write(&mut self, line: Line, now: Instant) {
        self.shown = now;
        let utc = OffsetDateTime::now_utc();
        let Line { kind, text, more } = line;
        let run = self.run.as_ref().map(|run| (run.id.as_str(), now - run.began));
        let shown = match self.format {
            LogFormat::Text => {
                let run =
                    run.map_or_else(String::new, |(id, time)| format!(" [{id} {}]", span(time)));
                format!("{}{run} {text}\n", clock(utc))
            }
            LogFormat::Json => {
                let mut json = Map::new();
                json.insert("ts".to_owned(), timestamp(utc).into());
                json.insert("type".to_owned(), kind.into());
                if let Some((id, time)) = run {
                    json.insert("operation".to_owned(), id.into());
                    json.insert("seconds".to_owned(), json!(time.as_secs_f64()));
                }
                json.insert("text".to_owned(), text.into());
                json.extend(more);
                format!("{}\n", Value::Object(json))
            }
        };
        // A log that cannot be written cannot say so.
        let _ = self.output.data(&shown);
    }
}

/// Whether a run is of interest only if it does something.
fn is_quiet(cause: Cause) -> bool {
    matches!(cause, Cause::Drift | Cause::Resync)
}

fn what(cause: Cause) -> &'static str {
    match cause {
        Cause::Start => "start: review",
        Cause::Edit => "edit: review",
        Cause::Mode => "mode or approval changed: review",
        Cause::Request => "requested: review",
        Cause::Secret => "Secret changed: review",
        Cause::Drift => "drift: review",
        Cause::Retry => "retry: review",
        Cause::Resync => "resync: review",
    }
}

/// The type of an event in JSON.
fn kind(event: &Event) -> &'static str {
    match event {
        Event::Apply { .. } => "apply",
        Event::Prune { .. } => "prune",
        Event::Component { .. } => "component",
        Event::Wait { .. } => "wait",
        Event::Ready { .. } => "ready",
        Event::Finding { .. } => "finding",
        Event::Connection { .. } => "connection",
        Event::Warning { .. } => "warning",
        Event::Error { .. } => "error",
        Event::Check { .. } => "check",
        Event::Status { .. } => "status",
        Event::Summary(_) => "summary",
    }
}

/// The line about something that is no event of a run.
fn line(notice: &Notice) -> Option<Line> {
    let of = |kind, text: String| Some(Line { kind, text, more: Map::new() });
    match notice {
        Notice::Awaits(what) => of("await", format!("waiting for {what}")),
        Notice::Begins { .. } | Notice::Event(_) => None,
        Notice::Planned(summary) => of("plan", format!("plan: {summary}")),
        Notice::Repaired(repair) => of("repair", format!("put back {}", repair.message())),
        Notice::Drifted(difference) => of("drift", format!("changed by others: {difference}")),
        Notice::Invalid(problems) => {
            let texts: Vec<String> = problems.iter().map(Problem::text).collect();
            of("invalid", texts.join("\n"))
        }
        Notice::ApprovalRequired(approval) => of("approval", approval.message()),
        Notice::Contested(contest) => of("contested", contest.message()),
        Notice::Ended { stage, message, .. } => {
            of("end", format!("{}: {message}", stage.as_str().to_lowercase()))
        }
        Notice::Installed(next) => {
            of("installed", format!("Welcome to KubeSphere!\n{}", next.text()))
        }
        Notice::Warning(text) => of("warning", format!("warning: {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Summary;

    #[test]
    fn every_notice_has_a_line() {
        let text = |notice: &Notice| line(notice).map(|line| line.text).unwrap_or_default();
        assert_eq!(text(&Notice::Awaits("the CRD".into())), "waiting for the CRD");
        let planned = text(&Notice::Planned(Summary { create: 2, ..Summary::default() }));
        assert!(planned.starts_with("plan: 2 create"), "{planned}");
        let stage = crate::controller::Stage::ApprovalRequired;
        let ended = Notice::Ended { stage, message: "m".into() };
        assert_eq!(text(&ended), "approvalrequired: m");
    }
}
