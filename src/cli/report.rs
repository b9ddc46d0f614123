//! A run with somebody watching: the engine beside a clock.

use std::cell::RefCell;
use std::pin::pin;
use std::time::{Duration, Instant};

use clap::Args;
use time::OffsetDateTime;
use tokio::time::MissedTickBehavior;

use super::exit::Failure;
use super::format::TextOrJson;
use crate::engine::{self, Options, Stop, View};
use crate::plan::Summary;
use crate::render;
use crate::target::Target;
use crate::ui::{self, Live, Output, Progress, ProgressChoice};

/// How the run is shown.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ProgressArgs {
    /// How to show the run on standard error
    #[arg(long, value_enum, default_value_t, value_name = "HOW", env = "KSI_PROGRESS")]
    progress: ProgressChoice,
}

/// How a run is told.
pub(super) struct Report {
    /// What happens where.
    pub title: String,
    /// With JSON the events are data.
    pub format: TextOrJson,
    /// How the run is shown.
    pub progress: ProgressArgs,
    /// Whether something runs there, so that there is something to wait for.
    pub runs: bool,
    /// Whether everything is to go.
    pub removes: bool,
}

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(100);

impl Report {
    /// Carries out the plan of a look, and tells what happens: to people on standard error, as events
    /// on standard output.
    ///
    /// # Errors
    /// The run did not reach its end, or nobody reads its events.
    pub(super) async fn carry_out<T: Target>(
        &self,
        target: &T,
        view: &View,
        options: &Options,
        stop: &Stop,
        output: &Output,
    ) -> Result<Summary, Failure> {
        let order = render::components().iter().map(|component| component.name.as_str());
        let progress = if self.removes {
            Progress::of_removal(&self.title, &view.plan, order, Instant::now())
        } else {
            Progress::of_plan(&self.title, &view.plan, order, Instant::now())
        };
        let events = self.format == TextOrJson::Json;
        let choice = self.progress.progress;
        let live = Live::new(output, choice, (events, self.runs), progress, Instant::now());
        let live = RefCell::new(live);
        let mut unread = None;
        let mut report = |event| {
            if events {
                let json = ui::event_json(&event, OffsetDateTime::now_utc());
                if let Err(error) = output.data(&format!("{json}\n")) {
                    unread.get_or_insert(error);
                }
            }
            live.borrow_mut().tell(&event, Instant::now());
        };
        let answer = {
            let mut run = pin!(engine::apply(target, view, options, stop, &mut report));
            let mut clock = tokio::time::interval(TICK);
            clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                tokio::select! {
                    biased;
                    answer = &mut run => break answer,
                    _ = clock.tick() => {
                        let mut live = live.borrow_mut();
                        if stop.is_requested() {
                            live.stop(Instant::now());
                        }
                        live.tick(Instant::now());
                    }
                }
            }
        };
        live.into_inner().finish(answer.is_ok(), Instant::now());
        let outcome = answer?;
        unread.map_or(Ok(outcome), |error| Err(error.into()))
    }
}
