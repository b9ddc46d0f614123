//! Waits until an installation is healthy or deleted.

mod deletion;

use std::time::Duration;

use futures_util::future::join_all;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};

use self::deletion::Deletion;
use super::about::About;
use super::error::Error;
use super::installed::{Installed, NAMESPACE};
use super::last_run::Lock;
use super::report::{Report, State};
use super::snapshot::Snapshot;
use super::transitions::{Transitions, first_of};
use super::watch::Watch;
use crate::cluster::Cluster;
use crate::diagnose;
use crate::engine::Event;
use crate::inventory;

/// Programs that run us kill what is silent for long.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The inventory is not watched.
const POLL: Duration = Duration::from_secs(5);
/// Of more objects than these the reasons are the same.
const FINDINGS: usize = 8;

/// What is reported during a wait.
#[derive(Debug, Clone, PartialEq)]
pub enum WaitEvent {
    /// Something changed; or, at the deadline, why an object is not healthy.
    Event(Event),
    /// What is still awaited: at least every 15 seconds.
    StillWaiting {
        /// What is awaited, on one line.
        awaited: String,
        /// Why this may be out of date.
        connection_error: Option<String>,
    },
}

/// How a wait ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is as awaited.
    Reached,
    /// It never will be: no run is at work, and the last one ended before it had written everything.
    Unwritten {
        /// How many objects it did not write.
        count: usize,
    },
    /// It was not in time.
    NotReached {
        /// What is still awaited, on one line.
        awaited: String,
    },
    /// Nobody knows: at the deadline the cluster did not answer.
    Unknown {
        /// Why not.
        error: String,
    },
}

/// A wait for a state of an installation.
#[derive(Debug, Clone, Copy)]
pub struct Wait<'w> {
    /// Where it is.
    pub cluster: &'w Cluster,
    /// What is waited for.
    pub installed: &'w Installed,
    /// When to give up; never without one.
    pub deadline: Option<Instant>,
}

impl Wait<'_> {
    /// Waits until every component is healthy. At the deadline, reports why objects are not.
    ///
    /// # Errors
    /// The cluster cannot be read at first, or `on_event` fails.
    pub async fn until_healthy<E: From<Error>>(
        &self,
        mut on_event: impl FnMut(WaitEvent) -> Result<(), E>,
    ) -> Result<Outcome, E> {
        let mut watch = self.watch().await?;
        let mut transitions = Transitions::default();
        let mut heartbeat = Instant::now() + HEARTBEAT;
        loop {
            let now = OffsetDateTime::now_utc();
            let report = Report::new(self.installed, watch.snapshot(), &About::default(), now);
            for event in transitions.next(&report) {
                on_event(WaitEvent::Event(event))?;
                heartbeat = Instant::now() + HEARTBEAT;
            }
            let error = watch.connection_error().map(str::to_owned);
            if report.state == State::Healthy && error.is_none() {
                return Ok(Outcome::Reached);
            }
            if self.is_over() {
                if let Some(error) = error {
                    return Ok(Outcome::Unknown { error });
                }
                self.explain(&transitions, &mut on_event).await?;
                return Ok(Outcome::NotReached { awaited: transitions.awaited() });
            }
            let unwritten = self.unwritten(watch.snapshot());
            if unwritten > 0
                && error.is_none()
                && Lock::read(self.cluster).await.is_ok_and(|l| l.is_none())
            {
                return Ok(Outcome::Unwritten { count: unwritten });
            }
            let next = if unwritten > 0 { heartbeat.min(Instant::now() + POLL) } else { heartbeat };
            let until = self.limited(next);
            if timeout_at(until, watch.changed()).await.is_err() && Instant::now() >= heartbeat {
                heartbeat = Instant::now() + HEARTBEAT;
                let connection_error = watch.connection_error().map(str::to_owned);
                on_event(WaitEvent::StillWaiting {
                    awaited: transitions.awaited(),
                    connection_error,
                })?;
            }
        }
    }

    /// Waits until everything that uninstalling removes is deleted; with `whole` also until ksi's inventory,
    /// which goes last, is deleted or says that only what is kept is left.
    ///
    /// # Errors
    /// The cluster cannot be read at first, or `on_event` fails.
    pub async fn until_deleted<E: From<Error>>(
        &self,
        whole: bool,
        mut on_event: impl FnMut(WaitEvent) -> Result<(), E>,
    ) -> Result<Outcome, E> {
        let mut watch = self.watch().await?;
        let deletion = Deletion::of(self.installed);
        let mut heartbeat = Instant::now();
        let mut reported = usize::MAX;
        loop {
            let error = watch.connection_error().map(str::to_owned);
            let mut remaining = deletion.remaining(watch.snapshot());
            if whole && remaining.is_empty() && error.is_none() {
                match Installed::read(self.cluster).await {
                    Err(Error::NotInstalled { .. }) => {}
                    Ok(installed) if installed.inventory.is_uninstalled() => {}
                    Ok(_) => remaining.push(format!("Secret/{NAMESPACE}/{}", inventory::SECRET)),
                    Err(error) => return Err(error.into()),
                }
            }
            if remaining.is_empty() && error.is_none() {
                return Ok(Outcome::Reached);
            }
            let count = remaining.len();
            let awaited = format!("the end of {}", first_of(remaining.into_iter()));
            if count != reported || Instant::now() >= heartbeat {
                reported = count;
                heartbeat = Instant::now() + HEARTBEAT;
                on_event(WaitEvent::StillWaiting {
                    awaited: awaited.clone(),
                    connection_error: error.clone(),
                })?;
            }
            if self.is_over() {
                return Ok(match error {
                    Some(error) => Outcome::Unknown { error },
                    None => Outcome::NotReached { awaited },
                });
            }
            let until = self.limited(heartbeat.min(Instant::now() + POLL));
            let _ = timeout_at(until, watch.changed()).await;
        }
    }

    /// How many objects no run has written yet.
    fn unwritten(&self, snapshot: &Snapshot) -> usize {
        let entries = self.installed.components.iter().flat_map(|component| &component.entries);
        let missing = entries.filter(|e| e.is_pending() && !snapshot.objects.contains_key(&e.id));
        missing.count()
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// This time, or the deadline where that comes first.
    fn limited(&self, time: Instant) -> Instant {
        self.deadline.map_or(time, |deadline| deadline.min(time))
    }

    async fn watch(&self) -> Result<Watch<'_>, Error> {
        Ok(Watch::start(self.cluster, self.installed).await?)
    }

    /// Reports of what is still awaited why it is not healthy.
    async fn explain<E>(
        &self,
        transitions: &Transitions,
        mut on_event: impl FnMut(WaitEvent) -> Result<(), E>,
    ) -> Result<(), E> {
        let awaited: Vec<_> = transitions.objects().take(FINDINGS).collect();
        let found = awaited.iter().map(|(object, component)| async move {
            (*component, diagnose::findings(self.cluster, object).await)
        });
        for (component, findings) in join_all(found).await {
            for finding in findings {
                let component = component.to_owned();
                on_event(WaitEvent::Event(Event::Finding { component, finding }))?;
            }
        }
        Ok(())
    }
}
