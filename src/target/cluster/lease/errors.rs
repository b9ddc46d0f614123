//! Errors of the lock.

use serde_json::Value;

use super::super::{Error, ErrorKind};
use super::Terms;
use super::manifest::id;
use crate::cluster::{self};
use crate::health;
use crate::object::ObjectId;

const RUN_AGAIN: &str = "nothing more was written; run again to continue";

/// Another run holds it and renews it.
pub(super) fn held_by_other(holder: &str, spec: &Value) -> Error {
    let since = spec["acquireTime"].as_str().unwrap_or("an unknown time");
    Error::new(
        ErrorKind::Locked,
        "lock",
        id().to_string(),
        format!("{holder} holds it since {since} and is still running"),
        "wait until that run ends, then run again",
    )
}

/// Another run holds it, and there was no time to find out whether it is alive.
pub(super) fn no_time_left(holder: &str, spec: &Value, terms: Terms) -> Error {
    let since = spec["acquireTime"].as_str().unwrap_or("an unknown time");
    let duration = spec["leaseDurationSeconds"].as_u64().unwrap_or(terms.duration);
    Error::new(
        ErrorKind::Locked,
        "lock",
        id().to_string(),
        format!("{holder} holds it since {since}; timed out waiting for it to expire"),
        format!(
            "wait until that run ends, or run again with a longer timeout: a lock that is not renewed \
             expires after {duration} s"
        ),
    )
}

pub(super) fn namespace_terminating(namespace: &ObjectId, live: &Value) -> Error {
    let health = health::assess(live);
    Error::new(
        ErrorKind::Timeout,
        "lock",
        id().to_string(),
        format!("{namespace} {}", health.reason().unwrap_or("is being deleted")),
        "make sure that the controllers that remove these finalizers are running, then run again; if they no \
         longer exist, remove the finalizers from the objects in it",
    )
}

/// Another run took it while this one held it.
pub(super) fn taken_over() -> cluster::Error {
    cluster::Error {
        kind: cluster::ErrorKind::Cancelled,
        action: "hold",
        place: id().to_string(),
        cause: "another run took it over".to_owned(),
        help: RUN_AGAIN.to_owned(),
    }
}

/// The write of the lock was cut off by the end of the process.
pub(super) fn cut_off() -> cluster::Error {
    cluster::Error {
        kind: cluster::ErrorKind::Cancelled,
        action: "write",
        place: id().to_string(),
        cause: "ksi is shutting down".to_owned(),
        help: RUN_AGAIN.to_owned(),
    }
}

/// A write was requested before the lock was taken.
pub(in super::super) fn not_held() -> Error {
    Error::new(ErrorKind::Locked, "hold", id().to_string(), "this run does not hold it", RUN_AGAIN)
}
