//! Follows the ClusterConfiguration of a cluster and keeps the installation as it says.
//!
//! It is a caller of the same use cases as the command line, so that both do the same. Everything that decides is
//! pure; the rest watches, runs and writes:
//!
//! ```text
//! ClusterConfiguration, its Secret, our objects      follow
//!    │ what is wanted, what is different             cc, deviation
//!    ▼
//! decision ── wait ──► the next change, or a time    decision
//!    │ run
//!    ▼
//! review ── needs an approval, invalid, failed ─┐    operation, approval, problem
//!    │ execute                                  │
//!    ▼                                          ▼
//! repairs, fights ────────────────────────► state ──► status, Events, log      contested, status, publish, notice
//! ```
//!
//! Its own writes start no run: a run is due when the hash of `.spec` changes, or when an object is different from what
//! the inventory says that ksi wrote. What a run has seen and left as it is, such as a conflict, starts no run either.

mod approval;
mod cc;
mod contested;
mod decision;
mod deviation;
mod drift;
mod error;
mod event;
mod follow;
mod handover;
mod leader;
mod notice;
mod operation;
mod problem;
mod progress;
mod publish;
mod reconciler;
mod requester;
mod settings;
mod state;
mod status;

use tokio::sync::watch;

use crate::cluster::Cluster;
use crate::engine::Stop;

use leader::{Leadership, Terms};

pub use approval::Approval;
pub use cc::{APPROVE, MODE, Mode, PAUSED_UNTIL, REQUESTED_AT};
pub use contested::Contest;
pub use decision::Cause;
pub use drift::Repair;
pub use error::Error;
pub use event::{REASONS, Reason};
pub use handover::{Handover, check_restricted, take_back};
pub use notice::Notice;
pub use problem::Problem;
pub use progress::Stage;
pub use settings::{Published, RESYNC, Settings};

/// Follows the ClusterConfiguration until it is stopped, or until the end of one run. `published` shows others how it
/// is. Of several replicas one does; the others wait, as ready as it is.
///
/// # Errors
/// A single run failed, or was interrupted; or the cluster cannot be reached at first.
pub async fn run(
    cluster: &Cluster,
    settings: &Settings,
    stop: &Stop,
    published: &watch::Sender<Published>,
    notify: &mut dyn FnMut(Notice),
) -> Result<(), Error> {
    // The Job waits for the lock of a run, as a command line does.
    if settings.once {
        return follow(cluster, settings, stop, published, notify).await;
    }
    loop {
        let mut awaits = |leader: &str| {
            notify(Notice::Awaits(format!("{leader}, which leads: this replica stands by")));
            let standing_by = Published { is_synced: true, ..Published::default() };
            published.send_modify(|published| *published = standing_by);
        };
        let terms = Terms::default();
        let leadership = tokio::select! {
            answer = Leadership::acquire(cluster, &settings.holder, terms, &mut awaits) => answer?,
            () = stop.requested() => return Ok(()),
        };
        let other = tokio::select! {
            answer = follow(cluster, settings, stop, published, notify) => {
                leadership.release().await;
                return answer;
            }
            other = leadership.kept() => other,
        };
        notify(Notice::Warning(format!("{other} has taken over the leadership")));
    }
}

async fn follow(
    cluster: &Cluster,
    settings: &Settings,
    stop: &Stop,
    published: &watch::Sender<Published>,
    notify: &mut dyn FnMut(Notice),
) -> Result<(), Error> {
    let configurations = {
        let mut awaits = |what: &str| notify(Notice::Awaits(what.to_owned()));
        tokio::select! {
            configurations = follow::Configurations::watch(cluster, &mut awaits) => configurations?,
            () = stop.requested() => return reconciler::stopped(settings),
            () = tokio::time::sleep(settings.timeout), if settings.once => return Err(Error::NoKind),
        }
    };
    let reconciler =
        reconciler::Reconciler::new(cluster, settings, stop, configurations, published);
    Box::pin(reconciler.follow(notify)).await
}
