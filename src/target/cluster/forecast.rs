//! Asks the server what a write would change.

use std::time::Duration;

use serde_json::Value;

use super::Error;
use crate::cluster::{self, Apply, Cluster, Problem};
use crate::object::{FieldConflict, Forecast, Object, Policy, foreign_fields};

/// A question is not worth the patience of a write: a webhook without a backend answers neither now
/// nor in a minute.
const PATIENCE: Duration = Duration::from_secs(3);

/// What applying an object that is there would change; `None` when nobody can say, as long as a
/// webhook in the way does not answer.
pub(super) async fn forecast(
    cluster: &Cluster,
    object: &Object,
    live: &Value,
) -> Result<Option<Forecast>, Error> {
    let mut body = object.body.clone();
    for field in foreign_fields(&object.id, live) {
        field.remove(&mut body);
    }
    let asked = Apply { dry_run: true, force: false, patience: Some(PATIENCE) };
    let error = match cluster.apply(&body, asked).await {
        Ok(live) => return Ok(Some(Forecast::Becomes(live))),
        Err(error) => error,
    };
    match error.problem {
        Problem::Owned(owners) => {
            let fields = owners
                .into_iter()
                .map(|owner| FieldConflict { manager: owner.manager, field: owner.field })
                .collect();
            let forced = match cluster.apply(&body, Apply { force: true, ..asked }).await {
                Ok(live) => Some(live),
                // Whoever owns the fields, it cannot be done.
                Err(error) if error.problem == Problem::Invalid => {
                    return Ok(Some(refused(&error)));
                }
                Err(_) => None,
            };
            Ok(Some(Forecast::Conflict { fields, forced }))
        }
        Problem::Invalid | Problem::Refused => Ok(Some(refused(&error))),
        Problem::Webhook | Problem::Terminating | Problem::NotServed => Ok(None),
        _ => Err(error.into()),
    }
}

/// What the server says, and what to do about it: nobody else knows more.
fn refused(error: &cluster::Error) -> Forecast {
    let for_good = ["immutable", "cannot change roleRef", "was previously a storage version"];
    let next = if for_good.iter().any(|words| error.cause.contains(words)) {
        "this cannot be changed: if nobody needs what is there, delete it and run again"
    } else {
        &error.help
    };
    Forecast::Refused(format!("{}; {next}", error.cause))
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
    match error.problem {
        Problem::Invalid | Problem::Refused | Problem::Forbidden | Problem::Owned(_) => {
            Ok(Some(error.cause))
        }
        Problem::NotFound
        | Problem::NotServed
        | Problem::Webhook
        | Problem::Terminating
        | Problem::Exists => Ok(None),
        _ => Err(error.into()),
    }
}

/// Whether an object would be accepted now, and if not yet, why. What is refused for good is told by
/// the write itself.
pub(super) async fn probe(cluster: &Cluster, object: &Object) -> Result<Result<(), String>, Error> {
    let asked = Apply { dry_run: true, force: true, patience: Some(Duration::ZERO) };
    match cluster.apply(&object.body, asked).await {
        Ok(_) => Ok(Ok(())),
        Err(error) => match error.problem {
            Problem::Webhook | Problem::NotServed | Problem::Terminating => Ok(Err(error.cause)),
            Problem::Unauthorized | Problem::Forbidden => Err(error.into()),
            Problem::Unreachable | Problem::Timeout | Problem::Unavailable | Problem::Busy => {
                Ok(Err(error.cause))
            }
            _ => Ok(Ok(())),
        },
    }
}
