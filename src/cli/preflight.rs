//! The checks before the first write: what would make a run fail for certain, or do harm.

use std::collections::BTreeMap;
use std::time::SystemTime;

use clap::Args;
use time::OffsetDateTime;

use super::exit::Failure;
use super::format::TextOrJson;
use super::input::Checked;
use super::run_options::{DryRun, RunArgs};
use crate::check::{self, Configured, Context, Look, Outcome, Report, Row, Writes};
use crate::engine::{Event, Found, View};
use crate::object::ObjectId;
use crate::plan::Action;
use crate::target::ClusterTarget;
use crate::ui::{self, Output};

/// Which checks are made before the first write.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct PreflightArgs {
    /// Leave a check out that is made before the first write; may be repeated
    #[arg(long = "skip-check", value_name = "ID")]
    skip: Vec<String>,
}

/// What was found; nothing where nothing is written.
#[derive(Debug, Default)]
pub(super) struct Preflight(Option<Report>);

impl PreflightArgs {
    /// Refuses names of checks that do not exist.
    ///
    /// # Errors
    /// One does not.
    pub(super) fn known(&self) -> Result<(), Failure> {
        super::check::known(&self.skip)
    }

    /// Makes the checks, where a plan has writes and is more than a look at it.
    pub(super) async fn look(
        &self,
        target: &ClusterTarget,
        view: &View,
        checked: &Checked,
        run: &RunArgs,
    ) -> Preflight {
        if !view.plan.has_writes() || run.dry_run == Some(DryRun::Client) {
            return Preflight::default();
        }
        let desired = &view.desired.objects;
        let actions: BTreeMap<&ObjectId, Action> =
            view.plan.changes.iter().map(|change| (&change.id, change.action)).collect();
        let written = desired.iter().filter_map(|object| match actions.get(&object.id)? {
            Action::Create => Some((object, true)),
            Action::Update | Action::Adopt => Some((object, false)),
            _ => None,
        });
        let deleted = actions.iter().filter(|(_, action)| **action == Action::Delete);
        // A run that waits for nothing writes webhooks last: those that somebody left refuse until then.
        let recorded = |id| view.observed.inventory.as_ref().is_some_and(|i| i.get(id).is_some());
        let healed = desired.iter().map(|object| &object.id);
        let healed = healed.filter(|id| actions.contains_key(id) && (run.waits() || recorded(id)));
        let writes = Writes {
            desired,
            written: written.collect(),
            deleted: deleted.map(|(id, _)| *id).collect(),
            live: &view.observed.objects,
            healed: healed.collect(),
            kubernetes: checked.facts.kubernetes,
        };
        let configured = Configured {
            configuration: Some(checked.configuration.clone()),
            desired: desired.clone(),
            ..Configured::default()
        };
        let context =
            Context { configured: &configured, now: OffsetDateTime::from(SystemTime::now()) };
        Preflight(Some(check::before(target.cluster(), &writes, &context, &self.skip).await))
    }
}

impl Preflight {
    /// Tells what was found: to people on standard error, as events on standard output.
    ///
    /// # Errors
    /// Something would make the run fail, or nobody reads the events.
    pub(super) fn tell(&self, format: TextOrJson, output: &Output) -> Result<(), Failure> {
        let Some(report) = self.0.as_ref().filter(|report| !report.rows.is_empty()) else {
            return Ok(());
        };
        match format {
            TextOrJson::Json => {
                for row in &report.rows {
                    let json = ui::event_json(&event(row), OffsetDateTime::now_utc());
                    output.data(&format!("{json}\n"))?;
                }
            }
            TextOrJson::Text => {
                let (colour, symbols) = (output.colour_messages, output.symbols);
                let table = check::table(report, Look { colour, symbols, short: true });
                output.message(table.trim_end());
            }
        }
        let failed = report.rows.iter().filter(|row| matches!(row.outcome, Outcome::Error(_)));
        let failed: Vec<&'static str> = failed.map(|row| row.check.id).collect();
        if failed.is_empty() { Ok(()) } else { Err(Failure::Preflight(failed)) }
    }
}

fn event(row: &Row) -> Event {
    let (state, message) = match &row.outcome {
        Outcome::Error(text) => (Found::Error, text.clone()),
        Outcome::Warning(text) | Outcome::Skipped(text) => (Found::Warning, text.clone()),
        Outcome::Ok(detail) => (Found::Warning, detail.clone().unwrap_or_default()),
    };
    let help = format!("{}; see docs/check.md#{}", row.check.hint, row.check.id);
    Event::Check { id: row.check.id, state, message, help }
}
