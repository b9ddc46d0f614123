//! Whether the nodes have enough resources.

use serde_json::Value;

use super::super::context::Context;
use super::super::gathered::{Gathered, Part};
use super::super::quantity::{cores, mebibytes, milli};
use super::super::see::{is, items, text};
use super::super::verdict::{Verdict, error, fine, skipped};
use super::super::{Check, Phase};

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
    show: fn(u128) -> String,
) -> Verdict {
    let nodes = gathered.list(Part::Nodes)?;
    if context.workloads().next().is_none() {
        return skipped("no configuration");
    }
    let usable = nodes.iter().filter(|n| is(n, "Ready") && n["spec"]["unschedulable"] != true);
    let amounts: Vec<u128> =
        usable.filter_map(|node| milli(text(&node["status"]["allocatable"][resource]))).collect();
    if amounts.is_empty() {
        return skipped("no schedulable node");
    }
    let (total, largest) = (amounts.iter().sum(), amounts.iter().copied().max().unwrap_or(0));
    let mut wanted = 0;
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
        wanted += pod * u128::from(replicas);
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

fn requested(pod: &Value, resource: &str) -> u128 {
    let containers = items(&pod["containers"]);
    containers.filter_map(|c| milli(text(&c["resources"]["requests"][resource]))).sum()
}
