//! Whether the nodes have enough resources.

use serde_json::Value;

use super::super::context::Context;
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{is, items, text};
use super::super::verdict::{Verdict, error, fine, skipped};
use super::super::{Check, Phase};
use crate::object::quantity::nano;

const CATEGORY: &str = "Nodes";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "nodes-cpu",
        category: CATEGORY,
        description: "the nodes have enough CPU",
        phase: Phase::Pre,
        hint: "add nodes, or lower the requests: `ksi explain common.core.apiserver.resources`",
        evaluate: cpu,
    },
    Check {
        id: "nodes-memory",
        category: CATEGORY,
        description: "the nodes have enough memory",
        phase: Phase::Pre,
        hint: "add nodes, or lower the requests: `ksi explain common.core.apiserver.resources`",
        evaluate: memory,
    },
];

fn cpu(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    enough(gathered, context, "cpu", cores)
}

fn memory(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    enough(gathered, context, "memory", mebibytes)
}

fn enough(
    gathered: &Gathered,
    context: &Context<'_>,
    resource: &str,
    show: fn(i128) -> String,
) -> Verdict {
    let nodes = gathered.list(Part::Nodes)?;
    if context.workloads().next().is_none() {
        return skipped("no configuration");
    }
    let usable = nodes.iter().filter(|n| is(n, "Ready") && n["spec"]["unschedulable"] != true);
    let amounts: Vec<i128> =
        usable.filter_map(|node| nano(text(&node["status"]["allocatable"][resource]))).collect();
    if amounts.is_empty() {
        return skipped("no schedulable node");
    }
    let (total, largest) =
        (sum(amounts.iter().copied()), amounts.iter().copied().max().unwrap_or(0));
    let mut wanted = 0_i128;
    for workload in context.workloads() {
        let pod = requested(&workload.body["spec"]["template"]["spec"], resource);
        if pod > largest {
            return error(format!(
                "a pod of {} requests {}, but the largest node has {}",
                workload.id,
                show(pod),
                show(largest)
            ));
        }
        let replicas = workload.body["spec"]["replicas"].as_u64().unwrap_or(1);
        wanted = wanted.saturating_add(pod.saturating_mul(i128::from(replicas)));
    }
    if wanted > total {
        return error(format!(
            "the pods request {}, but all nodes together have {}",
            show(wanted),
            show(total)
        ));
    }
    fine(format!("{} of {}", show(wanted), show(total)))
}

fn requested(pod: &Value, resource: &str) -> i128 {
    let containers = items(&pod["containers"]);
    sum(containers.filter_map(|c| nano(text(&c["resources"]["requests"][resource]))))
}

/// Amounts are what a cluster says: they may be larger than anything.
fn sum(amounts: impl Iterator<Item = i128>) -> i128 {
    amounts.fold(0, i128::saturating_add)
}

/// An amount of CPU for people: `1.5 cores`.
fn cores(nano: i128) -> String {
    format!("{}.{} cores", nano / 1_000_000_000, nano % 1_000_000_000 / 100_000_000)
}

/// An amount of memory for people: `512 Mi`.
fn mebibytes(nano: i128) -> String {
    format!("{} Mi", (nano / 1_000_000_000) >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_for_people() {
        assert_eq!(cores(1_540_000_000), "1.5 cores");
        assert_eq!(nano("1.5Gi").map(mebibytes).as_deref(), Some("1536 Mi"));
    }
}
