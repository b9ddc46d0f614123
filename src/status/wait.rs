//! Waits until an installation is healthy or deleted.

mod deletion;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout, timeout_at};

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
use crate::engine::{Connection, Event, Failures};
use crate::health::{Cause, Health};
use crate::inventory;
use crate::object::ObjectId;
use crate::target::Outage;

/// Programs that run us kill what is silent for long.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The inventory is not watched.
const POLL: Duration = Duration::from_secs(5);
/// Of more objects than these the reasons are the same.
const FINDINGS: usize = 8;
/// How often pods are read to see why an object is not healthy, and how long that may take.
const CAUSES: Duration = Duration::from_secs(5);

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
    /// It is certain that waiting does not help.
    Failed {
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
    /// Whether to give up before, when it is certain that waiting does not help.
    pub fail_fast: bool,
}

impl Wait<'_> {
    /// Waits until every component is healthy. At the end, reports why objects are not.
    ///
    /// # Errors
    /// The cluster cannot be read at first, or `on_event` fails.
    pub async fn until_healthy<E: From<Error>>(
        &self,
        mut on_event: impl FnMut(WaitEvent) -> Result<(), E>,
    ) -> Result<Outcome, E> {
        let mut watch = self.watch().await?;
        let mut transitions = Transitions::default();
        let mut connection = Connection::default();
        let (mut causes, mut failures) = (BTreeMap::new(), Failures::default());
        let mut heartbeat = Instant::now() + HEARTBEAT;
        let mut look_at = Instant::now();
        loop {
            let error = watch.connection_error().map(str::to_owned);
            if let Some(event) = connection.next(self.cluster.place(), self.outage(&watch)) {
                on_event(WaitEvent::Event(event))?;
            }
            let now = OffsetDateTime::now_utc();
            let report = Report::new(self.installed, watch.snapshot(), &About::default(), now);
            if Instant::now() >= look_at {
                if error.is_none() && report.state != State::Healthy {
                    causes = self.causes(watch.snapshot(), &report).await;
                }
                look_at = Instant::now() + CAUSES;
            }
            for event in transitions.next(&report, &causes) {
                on_event(WaitEvent::Event(event))?;
                heartbeat = Instant::now() + HEARTBEAT;
            }
            if report.state == State::Healthy && error.is_none() {
                return Ok(Outcome::Reached);
            }
            self.note(&mut failures, &report, &causes);
            let is_failed = self.fail_fast && error.is_none() && failures.are_final();
            if is_failed || self.is_over() {
                if let Some(error) = error {
                    return Ok(Outcome::Unknown { error });
                }
                self.explain(&transitions, &mut on_event).await?;
                let awaited = transitions.awaited();
                return Ok(if is_failed {
                    Outcome::Failed { awaited }
                } else {
                    Outcome::NotReached { awaited }
                });
            }
            let unwritten = self.unwritten(watch.snapshot());
            if unwritten > 0
                && error.is_none()
                && Lock::read(self.cluster).await.is_ok_and(|l| l.is_none())
            {
                return Ok(Outcome::Unwritten { count: unwritten });
            }
            let next = if unwritten > 0 { heartbeat.min(Instant::now() + POLL) } else { heartbeat };
            let until = self.limited(next.min(look_at));
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

    /// Why the cluster cannot be followed at the moment.
    fn outage(&self, watch: &Watch<'_>) -> Option<Outage> {
        let of_watch = |cause: &str| Outage {
            cause: cause.to_owned(),
            silence: Duration::ZERO,
            retries: self.deadline.map(|at| at - Instant::now()),
        };
        watch.connection_error().map(of_watch).or_else(|| self.cluster.outage().map(Outage::from))
    }

    /// Why what is not healthy is not.
    async fn causes(&self, snapshot: &Snapshot, report: &Report) -> BTreeMap<ObjectId, Cause> {
        let unhealthy = report.components.iter().flat_map(|component| &component.unhealthy);
        let live: Vec<&Value> =
            unhealthy.filter_map(|found| snapshot.objects.get(&found.object)).collect();
        let causes = timeout(CAUSES, diagnose::causes(self.cluster, &live));
        causes.await.unwrap_or_default()
    }

    /// Notes which objects are failed.
    fn note(&self, failures: &mut Failures, report: &Report, causes: &BTreeMap<ObjectId, Cause>) {
        let unhealthy = report.components.iter().flat_map(|component| &component.unhealthy);
        let unhealthy: BTreeMap<&ObjectId, State> =
            unhealthy.map(|found| (&found.object, found.state)).collect();
        let is_ours = |id: &ObjectId| self.installed.inventory.get(id).is_some();
        for id in self.installed.ids() {
            let health = match unhealthy.get(id) {
                None => Health::Healthy,
                Some(State::Failed) => Health::Failed { reason: String::new() },
                Some(_) => Health::Progressing { reason: String::new() },
            };
            failures.note(id, &health, causes.get(id), is_ours);
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
        let mut connection = Connection::default();
        let mut heartbeat = Instant::now();
        let mut reported = usize::MAX;
        loop {
            let error = watch.connection_error().map(str::to_owned);
            if let Some(event) = connection.next(self.cluster.place(), self.outage(&watch)) {
                on_event(WaitEvent::Event(event))?;
            }
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
