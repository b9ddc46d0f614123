//! Server-side dry runs.

use std::time::Duration;

use serde_json::Value;

use super::Error;
use super::placeholder::{sendable, shown};
use crate::cluster::{self, Apply, Cluster, ErrorKind};
use crate::object::{DryRunResult, FieldConflict, Object, Policy, foreign_fields};

/// What applying to an existing object would change; `None` while a webhook does not answer.
pub(super) async fn existing_object(
    cluster: &Cluster,
    object: &Object,
    live: &Value,
) -> Result<Option<DryRunResult>, Error> {
    let mut body = object.body.clone();
    for field in foreign_fields(&object.id, live) {
        field.remove(&mut body);
    }
    let body = sendable(body);
    let asked = Apply { dry_run: true, ..Apply::default() };
    let error = match cluster.apply(&body, asked).await {
        Ok(live) => return Ok(Some(DryRunResult::Changes(shown(live)))),
        Err(error) => error,
    };
    match error.kind {
        ErrorKind::Owned(owners) => {
            let fields = owners
                .into_iter()
                .map(|owner| FieldConflict { manager: owner.manager, field: owner.field })
                .collect();
            let forced = match cluster.apply(&body, Apply { force: true, ..asked }).await {
                Ok(live) => Some(shown(live)),
                // It would be rejected even without the conflict.
                Err(error) if error.kind == ErrorKind::Invalid => {
                    return Ok(Some(rejected(&error)));
                }
                Err(error) => match error.kind {
                    ErrorKind::Refused | ErrorKind::Forbidden => None,
                    ErrorKind::Webhook | ErrorKind::Terminating | ErrorKind::NotServed => {
                        return Ok(None);
                    }
                    _ => return Err(error.into()),
                },
            };
            Ok(Some(DryRunResult::Conflict { fields, forced }))
        }
        ErrorKind::Invalid | ErrorKind::Refused => Ok(Some(rejected(&error))),
        ErrorKind::Webhook | ErrorKind::Terminating | ErrorKind::NotServed => Ok(None),
        _ => Err(error.into()),
    }
}

/// The reason of the server, and what to do.
fn rejected(error: &cluster::Error) -> DryRunResult {
    let permanent = ["immutable", "cannot change roleRef", "was previously a storage version"];
    let next = if permanent.iter().any(|text| error.cause.contains(text)) {
        "this field is immutable: if the object is not needed, delete it and run again"
    } else {
        &error.help
    };
    DryRunResult::Rejected(format!("{}; {next}", error.cause))
}

/// Why a new object would be rejected; `None` if it would be accepted, or if its namespace or kind does not exist
/// yet.
pub(super) async fn new_object(
    cluster: &Cluster,
    policy: Policy,
    body: &Value,
) -> Result<Option<String>, Error> {
    let body = sendable(body.clone());
    let answer = match policy {
        Policy::Apply | Policy::Patch => {
            let asked = Apply { dry_run: true, ..Apply::default() };
            cluster.apply(&body, asked).await
        }
        Policy::Create | Policy::Embedded => cluster.create(&body, true).await,
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

/// Whether webhooks would accept an object now; if not yet, why. The write itself reports permanent errors.
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
