//! Nodes.

use serde_json::Value;

use super::super::context::Context;
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{is, name, some_of, text};
use super::super::placement::admits;
use super::super::verdict::{Verdict, error, errors, fine, ok, warning, warnings};
use super::super::{Check, Phase};

const CATEGORY: &str = "Nodes";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "nodes-ready",
        category: CATEGORY,
        description: "nodes are ready",
        phase: Phase::Both,
        hint: "`kubectl describe node NAME` shows why a node is not ready",
        evaluate: ready,
    },
    Check {
        id: "nodes-pressure",
        category: CATEGORY,
        description: "no node is under disk, memory or PID pressure",
        phase: Phase::Both,
        hint: "free that resource on the node: until then its pods are evicted and its images removed",
        evaluate: pressure,
    },
    Check {
        id: "nodes-network",
        category: CATEGORY,
        description: "the network of every node is available",
        phase: Phase::Both,
        hint: "check the pods of the network plugin (CNI) on that node",
        evaluate: network,
    },
    Check {
        id: "nodes-architecture",
        category: CATEGORY,
        description: "KubeSphere has images for the architecture of every node",
        phase: Phase::Pre,
        hint: "set `nodeSelector` in the configuration to keep KubeSphere's pods on amd64 and arm64 nodes",
        evaluate: architecture,
    },
    Check {
        id: "nodes-schedulable",
        category: CATEGORY,
        description: "every workload can be scheduled on a node",
        phase: Phase::Pre,
        hint: "uncordon a node, remove its taint, or set `tolerations` and `nodeSelector` in the configuration",
        evaluate: schedulable,
    },
];

fn ready(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let nodes = gathered.list(Part::Nodes)?;
    let down: Vec<String> =
        nodes.iter().filter(|n| !is(n, "Ready")).map(|n| name(n).to_owned()).collect();
    match (nodes.len(), down.len()) {
        (0, _) => error("the cluster has no nodes"),
        (all, 0) => fine(format!("{all}")),
        (all, down_count) if all == down_count => error("no node is ready"),
        _ => warning(format!("not ready: {}", some_of(&down))),
    }
}

fn with(nodes: &[Value], conditions: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for node in nodes {
        let has = conditions.iter().filter(|condition| is(node, condition));
        found.extend(has.map(|condition| format!("node {}: {condition}", name(node))));
    }
    found
}

fn pressure(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let nodes = gathered.list(Part::Nodes)?;
    let kinds = ["DiskPressure", "MemoryPressure", "PIDPressure"];
    unless_others_are_free(nodes, &kinds)
}

/// One such node is in the way only of pods that are on it, unless no other is left.
fn unless_others_are_free(nodes: &[Value], conditions: &[&str]) -> Verdict {
    let free = |node: &&Value| is(node, "Ready") && conditions.iter().all(|c| !is(node, c));
    let found = with(nodes, conditions);
    if nodes.iter().any(|node| free(&node)) { warnings(&found) } else { errors(&found) }
}

fn network(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    unless_others_are_free(gathered.list(Part::Nodes)?, &["NetworkUnavailable"])
}

fn architecture(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let others = gathered.list(Part::Nodes)?.iter().filter_map(|node| {
        let architecture = text(&node["status"]["nodeInfo"]["architecture"]);
        (!["amd64", "arm64", ""].contains(&architecture))
            .then(|| format!("{} is {architecture}", name(node)))
    });
    let others: Vec<String> = others.collect();
    if others.is_empty() { ok() } else { warning(some_of(&others)) }
}

fn schedulable(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let nodes = gathered.list(Part::Nodes)?;
    let schedules = |pod: &Value| nodes.iter().any(|node| is(node, "Ready") && admits(node, pod));
    let nothing = Value::Null;
    if !schedules(&nothing) && context.workloads().next().is_none() {
        return error("every node is cordoned, tainted or not ready");
    }
    let unschedulable =
        context.workloads().filter(|o| !schedules(&o.body["spec"]["template"]["spec"]));
    let unschedulable: Vec<String> = unschedulable.map(|o| o.id.to_string()).collect();
    if unschedulable.is_empty() {
        return ok();
    }
    error(format!("no ready node accepts {}", some_of(&unschedulable)))
}
