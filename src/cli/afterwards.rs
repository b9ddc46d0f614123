//! What is printed after a successful run.

use crate::engine::Planned;
use crate::install::Prepared;
use crate::status::{Known, NextSteps};
use crate::target::Target;

/// The text after a run; none where nothing runs.
pub(super) async fn words<T: Target>(
    target: &T,
    planned: &Planned,
    checked: &Prepared,
) -> Option<String> {
    let known = Known {
        published: checked.configuration.multicluster.proxy_publish_address.as_deref(),
        node: checked.facts.node_address.as_deref(),
    };
    let next = NextSteps::read(target, &planned.desired.objects, known).await?;
    Some(format!("\n{}", next.text()))
}
