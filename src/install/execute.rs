//! The second step of every change: what was reviewed is carried out.

use super::consent::Consents;
use super::error::Error;
use super::history::{self, Record};
use super::preflight;
use super::prepared::Prepared;
use super::safeguards::{Risk, unconfirmed};
use super::session::Session;
use crate::check::Report;
use crate::config::Role;
use crate::diagnostic::Diagnostics;
use crate::engine::{self, Event, Options, Phase, Planned};
use crate::object::ObjectId;
use crate::plan::{self, PlanOptions, Summary};
use crate::status::{Known, NextSteps};
use crate::target::{self, ErrorKind, Target};

/// What a change would do: the first step, which changes nothing.
pub struct Review {
    /// The plan, with what is there and what is wanted.
    pub planned: Planned,
    /// What of the configuration has no effect on what is installed.
    pub warnings: Diagnostics,
    /// What the plan would break.
    pub risks: Vec<Risk>,
    /// What the preflight checks found; `None` where none were made.
    pub preflight: Option<Report>,
    pub(super) options: Options,
    /// What the history gets when all of it is applied.
    pub(super) record: Option<Record>,
}

impl Review {
    /// Whether ksi did not install what the plan removes: ks-installer did.
    pub fn is_unrecorded(&self) -> bool {
        self.options.assumed.is_some()
    }

    /// The risks without consent.
    pub fn unconfirmed(&self, consents: &Consents) -> Vec<&Risk> {
        unconfirmed(&self.risks, consents)
    }

    /// The preflight checks that failed.
    pub fn failed_checks(&self) -> Vec<&'static str> {
        self.preflight.as_ref().map(preflight::failed).unwrap_or_default()
    }

    /// How to delete what is kept only for lack of consent; `None` if nothing is.
    pub fn kept_help(&self) -> Option<String> {
        let PlanOptions { prune, names, .. } = &self.options.plan;
        plan::kept_help(&self.planned.plan, *prune, *names)
    }

    /// The installer of KubeSphere 3 that is deleted before the first write.
    pub fn replaced_installer(&self) -> Option<&ObjectId> {
        self.options.replaced.as_ref().map(|replaced| &replaced.object)
    }

    /// Whether it may be carried out.
    fn allow(&self, consents: &Consents) -> Result<(), Error> {
        let unconfirmed = self.unconfirmed(consents);
        if !unconfirmed.is_empty() {
            return Err(Error::Unconfirmed(unconfirmed.into_iter().cloned().collect()));
        }
        let failed = self.failed_checks();
        if failed.is_empty() { Ok(()) } else { Err(Error::Preflight(failed)) }
    }
}

/// Where the console is and how to log in, once a review was carried out; `None` if the target is no cluster.
pub async fn next_steps<T: Target>(
    target: &T,
    review: &Review,
    prepared: &Prepared,
) -> Option<NextSteps> {
    let known = Known {
        published: prepared.configuration.multicluster.proxy_publish_address.as_deref(),
        node: prepared.facts.node_address.as_deref(),
        is_member: prepared.configuration.multicluster.cluster_role == Role::Member,
    };
    NextSteps::read(target, &review.planned.desired.objects, known).await
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// What was written, deleted, and left alone.
    pub summary: Summary,
    /// Why the history was not written. The run itself succeeded.
    pub history_error: Option<target::Error>,
}

/// Carries out what was reviewed.
///
/// # Errors
/// A risk has no consent or a preflight check failed: nothing was written. The session was cancelled. Or
/// the run did not reach its end: what was written stays, and the next run goes on from there.
pub async fn execute<T: Target>(
    session: &Session<T>,
    review: &Review,
    consents: &Consents,
    on_event: &mut dyn FnMut(Event),
) -> Result<Outcome, Error> {
    review.allow(consents)?;
    session.start_clock();
    if session.stop().is_requested() {
        return Err(engine::Error::Interrupted.into());
    }
    let mut locked = false;
    let mut report = |event| {
        locked |= matches!(event, Event::Status { state: Phase::Locked, .. });
        on_event(event);
    };
    let (target, stop) = (session.target(), session.stop());
    let answer = engine::apply(target, &review.planned, &review.options, stop, &mut report).await;
    // A run that wrote nothing changed no configuration, and one that lost the lock or the API server writes
    // nothing more.
    let failed = locked
        && answer.as_ref().is_err_and(|error| {
            !matches!(error, engine::Error::Changed(_))
                && !matches!(error.kind(), Some(ErrorKind::Locked | ErrorKind::Unreachable))
        });
    let history_error = match (session.cluster_target(), &review.record) {
        (Some(target), Some(record)) if answer.is_ok() || failed => {
            history::keep(target, record, answer.as_ref()).await.err()
        }
        _ => None,
    };
    match answer {
        Ok(summary) => Ok(Outcome { summary, history_error }),
        Err(error) => {
            if let Some(unwritten) = history_error {
                let message = format!("this run is not in the history: {unwritten}");
                on_event(Event::Warning { message });
            }
            Err(error.into())
        }
    }
}
