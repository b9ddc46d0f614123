//! The last run, or the one that is at work. Pure but for reading the lock.

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::installed::NAMESPACE;
use crate::cluster::{Cluster, Error, Kind};
use crate::inventory::{LastRun, Operation};
use crate::object::kubesphere;

/// How long a lock lasts that does not say it.
const LASTS: i64 = 30;

/// A lock that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Who: `user@host`.
    pub by: String,
    /// Since when.
    pub since: String,
}

impl Lock {
    /// Reads it; `None` if nobody holds it, or its holder no longer renews it.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn read(cluster: &Cluster) -> Result<Option<Self>, Error> {
        let lease = Kind::new("coordination.k8s.io", "v1", "Lease");
        let found = cluster.get(&lease.named(Some(NAMESPACE), kubesphere::LOCK)).await?;
        Ok(found.and_then(|lease| Self::of(&lease, OffsetDateTime::now_utc())))
    }

    fn of(lease: &Value, now: OffsetDateTime) -> Option<Self> {
        let spec = &lease["spec"];
        let holder = spec["holderIdentity"].as_str().filter(|holder| !holder.is_empty())?;
        let renewed = OffsetDateTime::parse(spec["renewTime"].as_str()?, &Rfc3339).ok()?;
        let lasts = spec["leaseDurationSeconds"].as_i64().unwrap_or(LASTS);
        ((now - renewed).whole_seconds() <= lasts).then(|| Self {
            by: holder.split('/').next().unwrap_or_default().to_owned(),
            since: spec["acquireTime"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

/// How a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RunState {
    /// It is at work.
    Running,
    /// It reached its end.
    Succeeded,
    /// It ended with an error.
    Failed,
    /// It was killed, or lost the connection, before it could record its end.
    Interrupted,
}

/// The last run, or the one that is at work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// How it is.
    pub state: RunState,
    /// What it does; not known of a run that has only taken the lock.
    pub operation: Option<Operation>,
    /// Who runs it: `user@host`.
    pub by: String,
    /// When it took the lock.
    pub started: String,
    /// When it ended.
    pub ended: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

impl Run {
    /// The run that holds the lock, else the last one that is recorded.
    pub(super) fn of(recorded: Option<&LastRun>, lock: Option<&Lock>) -> Option<Self> {
        let unfinished = recorded.filter(|run| run.ended.is_none());
        if let Some(Lock { by, since }) = lock {
            return Some(Self {
                state: RunState::Running,
                operation: unfinished.filter(|run| run.by == *by).map(|run| run.operation),
                by: by.clone(),
                started: since.clone(),
                ended: None,
                error: None,
            });
        }
        let LastRun { operation, by, started, ended, error } = recorded?.clone();
        let state = match (&ended, &error) {
            (None, _) => RunState::Interrupted,
            (Some(_), Some(_)) => RunState::Failed,
            (Some(_), None) => RunState::Succeeded,
        };
        Some(Self { state, operation: Some(operation), by, started, ended, error })
    }

    /// What a reader has to know of it, on one line; `None` of one that succeeded.
    pub fn message(&self) -> Option<String> {
        let what = match self.operation {
            Some(Operation::Apply) => "apply",
            Some(Operation::Uninstall) => "uninstall",
            None => "a run",
        };
        let Self { by, started, .. } = self;
        match self.state {
            RunState::Succeeded => None,
            RunState::Running => Some(format!("{what} by {by} is running since {started}")),
            RunState::Interrupted => {
                Some(format!("{what} by {by} at {started} did not reach its end: run it again"))
            }
            RunState::Failed => {
                let error = self.error.as_deref().unwrap_or_default();
                Some(format!("{what} by {by} at {started} failed: {error}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn run(ended: Option<&str>, error: Option<&str>) -> LastRun {
        LastRun {
            operation: Operation::Apply,
            by: "ann@laptop".into(),
            started: "2026-11-21T16:00:00Z".into(),
            ended: ended.map(str::to_owned),
            error: error.map(str::to_owned),
        }
    }

    #[test]
    fn a_lock_counts_while_it_is_renewed() {
        let lease = |holder: &str| {
            json!({"spec": {"holderIdentity": holder, "leaseDurationSeconds": 30,
                "acquireTime": "2026-11-21T16:00:00.5Z", "renewTime": "2026-11-21T16:10:00.0Z"}})
        };
        let held = Lock::of(&lease("ann@laptop/7-1"), datetime!(2026-11-21 16:10:20 UTC)).unwrap();
        assert_eq!(
            (held.by.as_str(), held.since.as_str()),
            ("ann@laptop", "2026-11-21T16:00:00.5Z")
        );
        assert_eq!(Lock::of(&lease("ann@laptop/7-1"), datetime!(2026-11-21 16:10:31 UTC)), None);
        assert_eq!(Lock::of(&lease(""), datetime!(2026-11-21 16:10:01 UTC)), None);
        assert_eq!(Lock::of(&json!({}), datetime!(2026-11-21 16:10:01 UTC)), None);
    }

    #[test]
    fn a_run_is_at_work_ended_or_was_cut_short() {
        let lock = |by: &str| Lock { by: by.into(), since: "2026-11-21T16:00:00Z".into() };
        let message = |recorded: Option<LastRun>, lock: Option<Lock>| {
            Run::of(recorded.as_ref(), lock.as_ref()).and_then(|run| run.message())
        };
        let (ann, bob) = (Some(lock("ann@laptop")), Some(lock("bob@ci")));
        for (recorded, lock, expected) in [
            (None, None, None),
            (Some(run(Some("t"), None)), None, None),
            (
                Some(run(None, None)),
                ann,
                Some("apply by ann@laptop is running since 2026-11-21T16:00:00Z"),
            ),
            (
                Some(run(Some("t"), None)),
                bob,
                Some("a run by bob@ci is running since 2026-11-21T16:00:00Z"),
            ),
            (
                Some(run(None, None)),
                None,
                Some(
                    "apply by ann@laptop at 2026-11-21T16:00:00Z did not reach its end: run it again",
                ),
            ),
            (
                Some(run(Some("t"), Some("the run timed out"))),
                None,
                Some("apply by ann@laptop at 2026-11-21T16:00:00Z failed: the run timed out"),
            ),
        ] {
            assert_eq!(message(recorded, lock).as_deref(), expected);
        }
    }
}
