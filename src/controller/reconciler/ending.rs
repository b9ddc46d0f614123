//! The end of a run: what it means for the status, the Events and the next run.

use std::time::Duration;

use time::OffsetDateTime;

use super::super::decision::{Cause, Deviations, Ended, Wanted};
use super::super::drift::Repair;
use super::super::error::Error;
use super::super::event::Reason;
use super::super::notice::Notice;
use super::super::operation::{Done, Left, Outcome};
use super::super::problem;
use super::super::progress::{Progress, Stage};
use super::super::publish::seconds;
use super::super::state::{Applied, Verdict};
use super::{Notify, Reconciler};
use crate::plan::Summary;
use crate::{engine, install};

/// How many repaired objects have an Event each.
const TOLD: usize = 10;

/// What the end of a run comes to.
struct End {
    stage: Stage,
    verdict: Verdict,
    ended: Ended,
    message: String,
}

impl Reconciler<'_> {
    /// Takes over the end of a run. Returns whether it ended, and was not superseded.
    pub(super) async fn end(
        &mut self,
        outcome: Outcome,
        wanted: Wanted,
        seen: Deviations,
        mut progress: Progress,
        notify: Notify<'_>,
    ) -> Result<bool, Error> {
        let interrupted = is_interrupted(&outcome);
        let superseded = interrupted && !self.stop.is_requested();
        let is_partial = interrupted && matches!(progress.stage, Stage::Applying | Stage::Waiting);
        let end = if interrupted {
            cut_short(superseded, is_partial)
        } else {
            judged(&outcome, &progress)
        };
        let now = OffsetDateTime::now_utc();
        progress.end(end.stage, seconds(now));
        if let Verdict::Failed { problem, .. } = &end.verdict {
            progress.reason = Some(problem.code.clone());
        }
        let asked = !matches!(progress.cause, Cause::Drift | Cause::Resync | Cause::Start);
        let wrote = progress.done > 0;
        // What was only looked at is no news.
        let counts = wrote || asked || end.stage != Stage::Succeeded;
        if let Some(state) = &mut self.state {
            if is_partial {
                state.applied = None;
            }
            if !interrupted {
                state.judged = Some(wanted.spec_hash.clone());
                state.verdict.clone_from(&end.verdict);
            }
            if counts {
                state.operation = Some(progress.clone());
            } else {
                state.operation =
                    state.operation.take().filter(|operation| !operation.is_running());
            }
        }
        // Where drift turned out to be none, another run wrote, and its inventory has to be read.
        let is_as_before = matches!(outcome, Outcome::Settled(_)) && progress.cause != Cause::Drift;
        self.is_stale |= !is_as_before || self.installation.is_none();
        let resync = jittered(self.settings.resync);
        // What was put back may have been changed again by now.
        let seen = if wrote { Deviations::new() } else { seen };
        self.memory.ended(wanted.clone(), seen, end.ended, self.now(), resync);
        if let Some(state) = &mut self.state
            && let Some(request) = self.memory.handled_request()
        {
            state.handled_request = Some(request.to_owned());
        }
        notify(Notice::Ended { stage: end.stage, message: end.message.clone() });
        if superseded {
            self.tell(Reason::Superseded, &end.message, notify).await;
        }
        if interrupted {
            self.publish(notify).await;
            return Ok(false);
        }
        let concluded = self.conclude(outcome, &wanted, progress.cause, &end.message, notify).await;
        concluded.map(|()| true)
    }

    /// Tells what a run came to.
    async fn conclude(
        &mut self,
        outcome: Outcome,
        wanted: &Wanted,
        cause: Cause,
        message: &str,
        notify: Notify<'_>,
    ) -> Result<(), Error> {
        match outcome {
            Outcome::Settled(left) => {
                self.is_good(wanted, left, notify).await;
                Ok(())
            }
            Outcome::Observed(differences, left) => {
                self.is_good(wanted, left, notify).await;
                if !differences.is_empty() {
                    let text = differences.join("; ");
                    self.tell(Reason::DriftDetected, &text, notify).await;
                }
                for difference in differences {
                    notify(Notice::Drifted(difference));
                }
                Ok(())
            }
            Outcome::Applied(done) => self.applied(*done, wanted, cause, message, notify).await,
            Outcome::Invalid(problems) => {
                self.tell(Reason::Invalid, &problem::text(&problems), notify).await;
                notify(Notice::Invalid(problems.clone()));
                Err(Error::Invalid(problems))
            }
            Outcome::Approval(approval) => {
                self.tell(Reason::ApprovalRequired, &approval.message(), notify).await;
                notify(Notice::ApprovalRequired(approval.clone()));
                Err(Error::ApprovalRequired(Box::new(approval)))
            }
            Outcome::Failed(error, _) => {
                self.tell(Reason::Failed, message, notify).await;
                Err(error.into())
            }
        }
    }

    async fn applied(
        &mut self,
        done: Done,
        wanted: &Wanted,
        cause: Cause,
        message: &str,
        notify: Notify<'_>,
    ) -> Result<(), Error> {
        let Done { summary, repaired, left, next, approved } = done;
        let conflicts = left.len();
        self.is_good(wanted, left, notify).await;
        let before = self.fights.contests();
        self.fights.note(&repaired, self.now());
        if let Some(state) = &mut self.state {
            state.contests = self.fights.contests();
            state.used_approval = approved.or(state.used_approval.take());
        }
        for repair in &repaired {
            notify(Notice::Repaired(repair.clone()));
        }
        for text in repair_events(&repaired) {
            self.tell(Reason::DriftRepaired, &text, notify).await;
        }
        self.publisher.forget(&[Reason::DriftRepaired]);
        for contest in
            self.fights.contests().into_iter().filter(|contest| !before.contains(contest))
        {
            self.tell(Reason::Contested, &contest.message(), notify).await;
            notify(Notice::Contested(contest));
        }
        let is_repair = matches!(cause, Cause::Drift | Cause::Resync);
        if !is_repair && summary.writes() > 0 {
            self.tell(Reason::Applied, message, notify).await;
        }
        if let Some(next) = next.filter(|_| !is_repair) {
            notify(Notice::Installed(next));
        }
        if conflicts > 0 { Err(Error::Conflicts(conflicts)) } else { Ok(()) }
    }

    /// The specification that is wanted runs.
    async fn is_good(&mut self, wanted: &Wanted, left: Left, notify: Notify<'_>) {
        self.publisher.forget(&[Reason::Failed, Reason::Invalid, Reason::ApprovalRequired]);
        let Some(state) = &mut self.state else { return };
        state.conflicts = left;
        let generation = state.cc.generation;
        if let Some(applied) = &mut state.applied
            && applied.spec_hash == wanted.spec_hash
            && applied.ksi_version == env!("CARGO_PKG_VERSION")
        {
            // It was edited, and edited back.
            applied.generation = generation;
            return;
        }
        state.applied = Some(Applied {
            generation,
            spec_hash: wanted.spec_hash.clone(),
            revision: None,
            time: seconds(OffsetDateTime::now_utc()),
            ksi_version: env!("CARGO_PKG_VERSION").to_owned(),
        });
        self.needs_revision = true;
        self.read_revision(notify).await;
    }
}

/// Whether a run was cut short.
fn is_interrupted(outcome: &Outcome) -> bool {
    let Outcome::Failed(install::Error::Engine(error), _) = outcome else { return false };
    *error == engine::Error::Interrupted
}

fn cut_short(superseded: bool, is_partial: bool) -> End {
    let (stage, message) = if superseded {
        (Stage::Superseded, "a newer edit takes the place of this run")
    } else {
        (Stage::Interrupted, "the controller ends; the next one continues")
    };
    let message = message.to_owned();
    let ended = if is_partial { Ended::Partial } else { Ended::Superseded };
    End { stage, verdict: Verdict::None, ended, message }
}

/// What an outcome comes to.
fn judged(outcome: &Outcome, progress: &Progress) -> End {
    let good = |message| End {
        stage: Stage::Succeeded,
        verdict: Verdict::Good,
        ended: Ended::Settled,
        message,
    };
    match outcome {
        Outcome::Settled(_) => good("nothing to do".to_owned()),
        Outcome::Observed(..) => good("differences are only reported".to_owned()),
        Outcome::Applied(done) => good(counts(&done.summary)),
        Outcome::Invalid(problems) => End {
            stage: Stage::Invalid,
            verdict: Verdict::Invalid(problems.clone()),
            ended: Ended::Settled,
            message: "the configuration is invalid; nothing was changed".to_owned(),
        },
        Outcome::Approval(approval) => End {
            stage: Stage::ApprovalRequired,
            verdict: Verdict::Approval(approval.clone()),
            ended: Ended::Settled,
            message: approval.message(),
        },
        Outcome::Failed(error, problems) => {
            let retries = problem::may_pass(error);
            let ended = match retries {
                true if problem::is_unhealthy(error) => Ended::Unhealthy,
                true => Ended::Passing,
                false => Ended::Failed,
            };
            let found = if problems.is_empty() { &progress.problems } else { problems };
            let problem = problem::of_error(error);
            let message = problem.text();
            let verdict = Verdict::Failed { problem, problems: found.clone(), retries };
            End { stage: Stage::Failed, verdict, ended, message }
        }
    }
}

/// `3 created, 1 updated`.
fn counts(summary: &Summary) -> String {
    let Summary { create, update, adopt, delete, .. } = summary;
    let parts = [(create, "created"), (update, "updated"), (adopt, "adopted"), (delete, "deleted")];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| **count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if parts.is_empty() { "nothing had to be changed".to_owned() } else { parts.join(", ") }
}

/// The texts of the Events about what was put back.
fn repair_events(repaired: &[Repair]) -> Vec<String> {
    let mut texts: Vec<String> = repaired.iter().take(TOLD).map(Repair::message).collect();
    if repaired.len() > TOLD {
        texts.push(format!("{} more objects were put back", repaired.len() - TOLD));
    }
    texts
}

/// Give or take a tenth, so that many controllers do not ask at the same time.
fn jittered(time: Duration) -> Duration {
    time.mul_f64(fastrand::f64().mul_add(0.2, 0.9))
}
