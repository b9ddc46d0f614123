//! The output of `ksi status -w`.

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;

use super::{Format, shown};
use crate::cli::exit::Failure;
use crate::status::{self, About, Installed, Report, Run, RunFollower, Transitions, Watch};
use crate::ui::{self, Output};
use crate::yaml;

/// Ages change even if nothing else does.
const REFRESH: Duration = Duration::from_secs(5);

/// Prints the status whenever it changes, until interrupted.
///
/// # Errors
/// Standard output cannot be written.
pub(super) async fn print(
    mut watch: Watch<'_>,
    mut runs: RunFollower<'_>,
    (mut installed, mut about): (Installed, About),
    format: Format,
    output: &Output,
) -> Result<(), Failure> {
    let screen = format == Format::Table && output.is_on_terminal();
    let mut transitions = Transitions::default();
    let mut last: Option<Report> = None;
    loop {
        let now = OffsetDateTime::now_utc();
        runs.refresh(&mut installed, &mut about).await;
        let report = Report::new(&installed, watch.snapshot(), &about, now);
        let is_new = last.as_ref().is_none_or(|last| report.differs_from(last));
        match format {
            Format::Table if screen => {
                let broken = watch.connection_error().map_or_else(String::new, |error| {
                    format!("\nConnection lost; this status may be out of date: {error}\n")
                });
                let text = shown(&report, format, now, output);
                output.data(&format!("\x1b[H\x1b[2J\x1b[3J{text}{broken}"))?;
            }
            Format::Table => {
                let before = last.as_ref().and_then(|last| last.last_run.as_ref());
                let run = report.last_run.as_ref().filter(|run| Some(*run) != before);
                if let Some(message) = run.and_then(Run::message) {
                    output.data(&format!("{} {message}\n", status::clock(now)))?;
                }
                for event in transitions.next(&report, &BTreeMap::new()) {
                    if let Some(line) = ui::event_line(&event) {
                        output.data(&format!("{} {line}\n", status::clock(now)))?;
                    }
                }
            }
            Format::Json if is_new => {
                let json = serde_json::to_value(&report).unwrap_or_default();
                output.data(&format!("{json}\n"))?;
            }
            Format::Yaml if is_new => output.data(&yaml::emit_documents([&report]))?,
            Format::Json | Format::Yaml => {}
        }
        last = Some(report);
        let _ = tokio::time::timeout(REFRESH, watch.changed()).await;
    }
}
