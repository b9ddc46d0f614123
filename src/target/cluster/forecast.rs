//! Asks the server what a write would change.

use std::time::Duration;

use serde_json::Value;

use super::Error;
use crate::cluster::{self, Apply, Cluster, ErrorKind};
use crate::object::{DryRunResult, FieldConflict, Object, Policy, foreign_fields};

/// A question is not worth the patience of a write: a webhook without a backend answers neither now
/// nor in a minute.
const PATIENCE: Duration = Duration::from_secs(3);

/// What applying an object that is there would change; `None` when nobody can say, as long as a
/// webhook in the way does not answer.
pub(super) async fn forecast(
    cluster: &Cluster,
    object: &Object,
    live: &Value,
) -> Result<Option<DryRunResult>, Error> {
    let mut body = object.body.clone();
    for field in foreign_fields(&object.id, live) {
        field.remove(&mut body);
    }
    let asked = Apply { dry_run: true, force: false, patience: Some(PATIENCE) };
    let error = match cluster.apply(&body, asked).await {
        Ok(live) => return Ok(Some(DryRunResult::Changes(live))),
        Err(error) => error,
    };
    match error.kind {
        ErrorKind::Owned(owners) => {
            let fields = owners
                .into_iter()
                .map(|owner| FieldConflict { manager: owner.manager, field: owner.field })
                .collect();
            let forced = match cluster.apply(&body, Apply { force: true, ..asked }).await {
                Ok(live) => Some(live),
                // Whoever owns the fields, it cannot be done.
                Err(error) if error.kind == ErrorKind::Invalid => {
                    return Ok(Some(refused(&error)));
                }
                Err(_) => None,
            };
            Ok(Some(DryRunResult::Conflict { fields, forced }))
        }
        ErrorKind::Invalid | ErrorKind::Refused => Ok(Some(refused(&error))),
        ErrorKind::Webhook | ErrorKind::Terminating | ErrorKind::NotServed => Ok(None),
        _ => Err(error.into()),
    }
}

/// What the server says, and what to do about it: nobody else knows more.
fn refused(error: &cluster::Error) -> DryRunResult {
    let for_good = ["immutable", "cannot change roleRef", "was previously a storage version"];
    let next = if for_good.iter().any(|words| error.cause.contains(words)) {
        "this cannot be changed: if nobody needs what is there, delete it and run again"
    } else {
        &error.help
    };
    DryRunResult::Rejected(format!("{}; {next}", error.cause))
}

/// Why an object that is not there would be refused; `None` when it would not, or when nobody can say
/// because its namespace or its kind are not there yet.
pub(super) async fn rehearse(
    cluster: &Cluster,
    policy: Policy,
    body: &Value,
) -> Result<Option<String>, Error> {
    let answer = match policy {
        Policy::Apply | Policy::Patch => {
            let asked = Apply { dry_run: true, force: false, patience: Some(PATIENCE) };
            cluster.apply(body, asked).await
        }
        Policy::Create | Policy::Embedded => cluster.create(body, true).await,
    };
    let Err(error) = answer else { return Ok(None) };
    match error.kind {
        ErrorKind::Invalid | ErrorKind::Refused | ErrorKind::Forbidden | ErrorKind::Owned(_) => {
            Ok(Some(error.cause))
        }
        ErrorKind::NotFound
        | ErrorKind::NotServed
        | ErrorKind::Webhook
        | ErrorKind::Terminating
        | ErrorKind::Exists => Ok(None),
        _ => Err(error.into()),
    }
}

/// Whether an object would be accepted now, and if not yet, why. What is refused for good is told by
/// the write itself.
pub(super) async fn probe(cluster: &Cluster, object: &Object) -> Result<Result<(), String>, Error> {
    let asked = Apply { dry_run: true, force: true, patience: Some(Duration::ZERO) };
    match cluster.apply(&object.body, asked).await {
        Ok(_) => Ok(Ok(())),
        Err(error) => match error.kind {
            ErrorKind::Webhook | ErrorKind::NotServed | ErrorKind::Terminating => {
                Ok(Err(error.cause))
            }
            ErrorKind::Unauthorized | ErrorKind::Forbidden => Err(error.into()),
            ErrorKind::Unreachable
            | ErrorKind::Timeout
            | ErrorKind::Unavailable
            | ErrorKind::Busy => Ok(Err(error.cause)),
            _ => Ok(Ok(())),
        },
    }
}
