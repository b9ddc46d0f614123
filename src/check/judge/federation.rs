//! `KubeFed` and the clusters that belong to this host.

use std::collections::BTreeSet;

use super::super::context::{Context, FEDERATED};
use super::super::gathered::{Gathered, Part};
use super::super::see::{condition, is, name, says, some_of, text};
use super::super::verdict::{Verdict, error, errors, fine, ok, skipped, warning, warnings};
use super::super::{Check, Phase};
use super::components::has_kubefed;

const CATEGORY: &str = "Multi-cluster";
const NONE: &str = "KubeFed is not configured";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "kubefed-scope",
        category: CATEGORY,
        description: "KubeFed works for all namespaces",
        phase: Phase::Both,
        hint: "the scope cannot be changed: delete KubeFedConfig kubefed and apply again",
        judge: scope,
    },
    Check {
        id: "federated-types",
        category: CATEGORY,
        description: "every federated type is there",
        phase: Phase::After,
        hint: "apply again once KubeFed's webhook answers",
        judge: types,
    },
    Check {
        id: "federated-types-targets",
        category: CATEGORY,
        description: "every federated type has a kind to distribute",
        phase: Phase::After,
        hint: "one type without its kind stops KubeFed: bring its definition, or delete the FederatedTypeConfig",
        judge: targets,
    },
    Check {
        id: "federated-types-running",
        category: CATEGORY,
        description: "every federated type is distributed",
        phase: Phase::After,
        hint: "`kubectl -n kube-federation-system logs deployment/kubefed-controller-manager` tells why not",
        judge: running,
    },
    Check {
        id: "clusters-ready",
        category: CATEGORY,
        description: "members are ready",
        phase: Phase::After,
        hint: "`kubectl get clusters.cluster.kubesphere.io NAME -o yaml` tells what a member lacks",
        judge: clusters,
    },
];

fn scope(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !has_kubefed(context) {
        return skipped(NONE);
    }
    match gathered.object(Part::KubeFedConfigs, "KubeFedConfig", FEDERATED, "kubefed")? {
        None => skipped("there is no KubeFedConfig yet"),
        Some(config) if config["spec"]["scope"] == "Cluster" => ok(),
        Some(config) => error(format!("its scope is {}", text(&config["spec"]["scope"]))),
    }
}

fn types(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !has_kubefed(context) {
        return skipped(NONE);
    }
    let live: BTreeSet<&str> = gathered.list(Part::FederatedTypes)?.iter().map(name).collect();
    let wanted = context.desired("FederatedTypeConfig").map(|o| &o.id.name);
    let absent: Vec<String> = wanted.filter(|n| !live.contains(n.as_str())).cloned().collect();
    if absent.is_empty() {
        return fine(live.len().to_string());
    }
    error(format!("{} are missing: {}", absent.len(), some_of(&absent)))
}

/// Groups that every Kubernetes serves.
const BUILT_IN: &[&str] = &["", "apps", "batch", "networking.k8s.io", "rbac.authorization.k8s.io"];

fn targets(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !has_kubefed(context) {
        return skipped(NONE);
    }
    let definitions: BTreeSet<&str> = gathered.list(Part::Definitions)?.iter().map(name).collect();
    let mut lines = Vec::new();
    for config in gathered.list(Part::FederatedTypes)? {
        for role in ["targetType", "federatedType"] {
            let kind = &config["spec"][role];
            let (group, plural) = (text(&kind["group"]), text(&kind["pluralName"]));
            let definition = format!("{plural}.{group}");
            if !BUILT_IN.contains(&group) && !definitions.contains(definition.as_str()) {
                lines.push(format!("{} needs {definition}, which does not exist", name(config)));
            }
        }
    }
    errors(&lines)
}

fn running(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !has_kubefed(context) {
        return skipped(NONE);
    }
    let still = gathered.list(Part::FederatedTypes)?.iter().filter(|config| {
        config["spec"]["propagation"] != "Disabled"
            && config["status"]["propagationController"] != "Running"
    });
    let still: Vec<String> = still.map(|config| name(config).to_owned()).collect();
    if still.is_empty() { ok() } else { error(format!("not running: {}", some_of(&still))) }
}

fn clusters(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !context.is_host() {
        return skipped("this is no host");
    }
    let clusters = gathered.list(Part::Clusters)?;
    if clusters.is_empty() {
        return warning(
            "there is none, not even the host: ks-controller-manager makes it in some 20 s",
        );
    }
    let down = clusters.iter().filter(|cluster| !is(cluster, "Ready"));
    let lines = down.map(|cluster| {
        let why = condition(cluster, "Ready").map(says).unwrap_or_default();
        format!("{} is not ready: {why}", name(cluster))
    });
    warnings(&lines.collect::<Vec<_>>())
}
