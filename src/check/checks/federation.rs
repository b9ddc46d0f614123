//! `KubeFed` and the clusters that belong to this host.

use std::collections::BTreeSet;

use super::super::context::{Context, FEDERATED};
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{condition, is, message, name, some_of, text};
use super::super::verdict::{Verdict, error, errors, fine, ok, skipped, warning, warnings};
use super::super::{Check, Phase};
use super::components::has_kubefed;

const CATEGORY: &str = "Multi-cluster";
const NONE: &str = "KubeFed is not configured";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "kubefed-scope",
        category: CATEGORY,
        description: "KubeFed is cluster-scoped",
        phase: Phase::Both,
        hint: "the scope cannot be changed: delete KubeFedConfig kubefed and run `ksi apply` again",
        evaluate: scope,
    },
    Check {
        id: "federated-types",
        category: CATEGORY,
        description: "every FederatedTypeConfig exists",
        phase: Phase::After,
        hint: "run `ksi apply` again once KubeFed's webhook is ready",
        evaluate: types,
    },
    Check {
        id: "federated-types-targets",
        category: CATEGORY,
        description: "the CRDs of every federated type exist",
        phase: Phase::After,
        hint: "a type without its CRD stops KubeFed: install the CRD, or delete the FederatedTypeConfig",
        evaluate: targets,
    },
    Check {
        id: "federated-types-running",
        category: CATEGORY,
        description: "every federated type is propagated",
        phase: Phase::After,
        hint: "`kubectl -n kube-federation-system logs deployment/kubefed-controller-manager` shows why not",
        evaluate: running,
    },
    Check {
        id: "clusters-ready",
        category: CATEGORY,
        description: "member clusters are ready",
        phase: Phase::After,
        hint: "`kubectl get clusters.cluster.kubesphere.io NAME -o yaml` shows why a cluster is not ready",
        evaluate: clusters,
    },
];

fn scope(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !has_kubefed(context) {
        return skipped(NONE);
    }
    match gathered.object(Part::KubeFedConfigs, "KubeFedConfig", FEDERATED, "kubefed")? {
        None => skipped("KubeFedConfig kubefed does not exist yet"),
        Some(config) if config["spec"]["scope"] == "Cluster" => ok(),
        Some(config) => {
            error(format!("its scope is {}, but must be Cluster", text(&config["spec"]["scope"])))
        }
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
    error(format!("{} missing: {}", absent.len(), some_of(&absent)))
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
    let stopped = gathered.list(Part::FederatedTypes)?.iter().filter(|config| {
        config["spec"]["propagation"] != "Disabled"
            && config["status"]["propagationController"] != "Running"
    });
    let stopped: Vec<String> = stopped.map(|config| name(config).to_owned()).collect();
    if stopped.is_empty() { ok() } else { error(format!("not running: {}", some_of(&stopped))) }
}

fn clusters(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !context.is_host() {
        return skipped("not a host cluster");
    }
    let clusters = gathered.list(Part::Clusters)?;
    if clusters.is_empty() {
        return warning(
            "there is no Cluster, not even the host: ks-controller-manager creates it within about 20 s",
        );
    }
    let down = clusters.iter().filter(|cluster| !is(cluster, "Ready"));
    let lines = down.map(|cluster| {
        let why = condition(cluster, "Ready").map(message).unwrap_or_default();
        format!("{} is not ready: {why}", name(cluster))
    });
    warnings(&lines.collect::<Vec<_>>())
}
