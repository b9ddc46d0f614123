//! What the server says of objects that are not there yet: `--dry-run=server`.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::exit::Failure;
use crate::engine::View;
use crate::plan::{Action, Change};
use crate::target::ClusterTarget;
use crate::ui::Output;

/// Asks the server about every new object, and tells which ones it would refuse. An object whose
/// namespace or kind is new too cannot be asked about.
///
/// # Errors
/// One of them would be refused, or the server cannot be asked.
pub(super) async fn rehearse(
    target: &ClusterTarget,
    view: &View,
    output: &Output,
) -> Result<(), Failure> {
    let new = view.plan.changes.iter().filter(|change| change.action == Action::Create);
    let mut answers: FuturesUnordered<_> =
        new.filter_map(|change| Some(ask(target, change, change.body()?))).collect();
    let mut refused = Vec::new();
    while let Some(answer) = answers.next().await {
        refused.extend(answer?);
    }
    refused.sort();
    for line in &refused {
        output.message(line);
    }
    if refused.is_empty() { Ok(()) } else { Err(Failure::Refused(refused.len())) }
}

async fn ask(
    target: &ClusterTarget,
    change: &Change,
    body: &serde_json::Value,
) -> Result<Option<String>, Failure> {
    let cause = target.rehearse(change.policy, body).await?;
    Ok(cause.map(|cause| format!("refused {} ({}): {cause}", change.id, change.component)))
}
