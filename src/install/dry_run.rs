//! The server dry run: whether the API server would accept new objects.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;

use super::error::Error;
use super::execute::Review;
use super::session::Session;
use crate::object::ObjectId;
use crate::plan::{Action, Change};
use crate::target::{ClusterTarget, Target};

/// A new object that the API server would refuse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// The object.
    pub object: ObjectId,
    /// The component that renders it.
    pub component: String,
    /// Why.
    pub cause: String,
}

/// Asks the API server about every new object. An object whose namespace or kind is new too cannot be asked
/// about; a directory accepts everything.
///
/// # Errors
/// The API server cannot be asked.
pub async fn refused<T: Target>(
    session: &Session<T>,
    review: &Review,
) -> Result<Vec<Refused>, Error> {
    let Some(target) = session.cluster_target() else { return Ok(Vec::new()) };
    let changes = &review.planned.plan.changes;
    let new = changes.iter().filter(|change| change.action == Action::Create);
    let mut answers: FuturesUnordered<_> =
        new.filter_map(|change| Some(ask(target, change, change.body()?))).collect();
    let mut refused = Vec::new();
    while let Some(answer) = answers.next().await {
        refused.extend(answer?);
    }
    refused.sort();
    Ok(refused)
}

async fn ask(
    target: &ClusterTarget,
    change: &Change,
    body: &Value,
) -> Result<Option<Refused>, Error> {
    let cause = target.dry_run(change.policy, body).await?;
    Ok(cause.map(|cause| Refused {
        object: change.id.clone(),
        component: change.component.clone(),
        cause,
    }))
}
