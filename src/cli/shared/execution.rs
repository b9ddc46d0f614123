//! Executes a review and shows its events while a clock ticks.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::time::MissedTickBehavior;

use crate::cli::args::format::{ProgressArgs, TextOrJson};
use crate::cli::exit::Failure;
use crate::engine::Event;
use crate::install::{self, Consents, Outcome, Review, Session};
use crate::plan::Plan;
use crate::render;
use crate::target::Target;
use crate::ui::{self, Live, Output, Progress};

/// The execution of a review, and how it is shown.
pub(in crate::cli) struct Execution {
    /// What the run does, and where.
    pub title: String,
    /// With JSON, events go to standard output.
    pub format: TextOrJson,
    /// How the run is shown.
    pub progress: ProgressArgs,
    /// Whether the run uninstalls.
    pub removes: bool,
}

/// The interval in which the display is updated.
const TICK: Duration = Duration::from_millis(100);

impl Execution {
    /// Executes a review and shows its progress: text on standard error, JSON events on standard output.
    ///
    /// # Errors
    /// The run failed, or standard output cannot be written.
    pub(in crate::cli) async fn run<T: Target>(
        &self,
        session: &Session<T>,
        review: &Review,
        consents: &Consents,
        output: &Output,
    ) -> Result<Outcome, Failure> {
        let execute = async |on_event: &mut dyn FnMut(Event)| {
            install::execute(session, review, consents, on_event).await
        };
        Ok(self.show(session, review, output, execute).await??)
    }

    /// Shows the progress of a run: text on standard error, JSON events on standard output.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(in crate::cli) async fn show<T: Target, O, E>(
        &self,
        session: &Session<T>,
        review: &Review,
        output: &Output,
        run: impl AsyncFnOnce(&mut dyn FnMut(Event)) -> Result<O, E>,
    ) -> Result<Result<O, E>, Failure> {
        let events = self.format == TextOrJson::Json;
        let live = RefCell::new(self.live(&review.planned.plan, session.is_on_cluster(), output));
        // Before the first event there is nothing to draw.
        let started = Cell::new(false);
        let mut write_error = None;
        let mut on_event = |event| {
            started.set(true);
            if events && !ends(&event) {
                let json = ui::event_json(&event, OffsetDateTime::now_utc());
                if let Err(error) = output.data(&format!("{json}\n")) {
                    write_error.get_or_insert(error);
                }
            }
            live.borrow_mut().record(&event, Instant::now());
        };
        let answer = beside_clock(run(&mut on_event), TICK, || {
            if started.get() {
                let mut live = live.borrow_mut();
                if session.stop().is_requested() {
                    live.stop(Instant::now());
                }
                live.tick(Instant::now());
            }
        })
        .await;
        if started.get() {
            live.into_inner().finish(answer.is_ok(), Instant::now());
        }
        match (answer, write_error) {
            (Ok(_), Some(error)) => Err(error.into()),
            (answer, _) => Ok(answer),
        }
    }

    fn live(&self, plan: &Plan, runs: bool, output: &Output) -> Live {
        let order = render::components().iter().map(|component| component.name.as_str());
        let progress = if self.removes {
            Progress::of_removal(&self.title, plan, order, Instant::now())
        } else {
            Progress::of_plan(&self.title, plan, order, Instant::now())
        };
        let events = self.format == TextOrJson::Json;
        Live::new(output, self.progress.progress, (events, runs), progress, Instant::now())
    }
}

/// Whether an event ends the run: then the command prints it, with its exit code.
fn ends(event: &Event) -> bool {
    match event {
        Event::Summary(_) => true,
        // An error of one object has both.
        Event::Error { object, reason, .. } => object.is_none() || reason.is_none(),
        _ => false,
    }
}

/// What a run gives; meanwhile the clock ticks.
pub(in crate::cli) async fn beside_clock<O>(
    run: impl Future<Output = O>,
    every: Duration,
    mut tick: impl FnMut(),
) -> O {
    let mut run = pin!(run);
    let mut clock = tokio::time::interval(every);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            answer = &mut run => return answer,
            _ = clock.tick() => tick(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_ticks_while_a_run_waits() {
        let mut ticks = 0;
        beside_clock(tokio::time::sleep(TICK * 10), TICK, || ticks += 1).await;
        assert!(ticks >= 9, "{ticks}");
    }
}
