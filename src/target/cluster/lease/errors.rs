//! Why the lock is not ours.

use serde_json::Value;

use super::super::{Error, ErrorKind};
use super::Terms;
use super::manifest::id;
use crate::cluster::{self};
use crate::health;
use crate::object::ObjectId;

const RUN_AGAIN: &str =
    "nothing more was written; run again, and what is done already is not done twice";

/// Another run holds it and renews it.
pub(super) fn held_by_other(holder: &str, spec: &Value) -> Error {
    let since = spec["acquireTime"].as_str().unwrap_or("an unknown time");
    Error::new(
        ErrorKind::Locked,
        "lock",
        id().to_string(),
        format!("{holder} holds it (since {since}) and is at work"),
        "wait until that run ends, then run again",
    )
}

/// Another run holds it, and there is no time to see whether it renews it.
pub(super) fn no_time_left(holder: &str, spec: &Value, terms: Terms) -> Error {
    let since = spec["acquireTime"].as_str().unwrap_or("an unknown time");
    let duration = spec["leaseDurationSeconds"].as_u64().unwrap_or(terms.duration);
    Error::new(
        ErrorKind::Locked,
        "lock",
        id().to_string(),
        format!(
            "{holder} holds it (since {since}), and the time was up before it showed whether it lives"
        ),
        format!(
            "wait until that run ends, or run again with a longer --timeout: a lock that is not renewed \
             for {duration} s is taken over"
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
        "see whether the controllers that have to remove these finalizers run, and run again; if they are \
         gone for good, take the finalizers off the objects in it",
    )
}

/// Another run took it while this one held it.
pub(super) fn taken_over() -> cluster::Error {
    cluster::Error {
        kind: cluster::ErrorKind::Cancelled,
        action: "hold",
        place: id().to_string(),
        cause: "another run has taken it over".to_owned(),
        help: RUN_AGAIN.to_owned(),
    }
}

/// Something is written before the lock is taken.
pub(in super::super) fn not_held() -> Error {
    Error::new(ErrorKind::Locked, "hold", id().to_string(), "it was never taken", RUN_AGAIN)
}
