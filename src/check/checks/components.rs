//! Whether the core components are running.

use serde_json::Value;

use super::super::context::{Context, FEDERATED, SYSTEM};
use super::super::gathered::{Gathered, Part};
use super::super::manifest::text;
use super::super::verdict::{ReadError, Verdict, error, fine, ok, skipped};
use super::super::{Check, Phase};
use crate::health::{self, Health};

const CATEGORY: &str = "Components";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "ks-apiserver",
        category: CATEGORY,
        description: "ks-apiserver is running",
        phase: Phase::After,
        hint: "`kubectl -n kubesphere-system logs deployment/ks-apiserver` shows why it is not",
        evaluate: apiserver,
    },
    Check {
        id: "ks-controller-manager",
        category: CATEGORY,
        description: "ks-controller-manager is running",
        phase: Phase::After,
        hint: "`kubectl -n kubesphere-system logs deployment/ks-controller-manager` shows why it is not; it exits if CRDs are missing",
        evaluate: controller_manager,
    },
    Check {
        id: "ks-console",
        category: CATEGORY,
        description: "ks-console is running",
        phase: Phase::After,
        hint: "`kubectl -n kubesphere-system describe pods -l app=ks-console` shows why it is not",
        evaluate: console,
    },
    Check {
        id: "token-cache",
        category: CATEGORY,
        description: "replicas of ks-apiserver share a token cache",
        phase: Phase::After,
        hint: "enable Redis (`ksi explain common.redis.enabled`) or run one replica: otherwise sign-ins fail at random",
        evaluate: token_cache,
    },
    Check {
        id: "tower",
        category: CATEGORY,
        description: "Tower is running",
        phase: Phase::After,
        hint: "`kubectl -n kubesphere-system logs deployment/tower` shows why it is not",
        evaluate: tower,
    },
    Check {
        id: "kubefed-controller-manager",
        category: CATEGORY,
        description: "KubeFed's controller manager is running",
        phase: Phase::After,
        hint: "`kubectl -n kube-federation-system logs deployment/kubefed-controller-manager` shows why it is not",
        evaluate: kubefed,
    },
    Check {
        id: "kubefed-admission-webhook",
        category: CATEGORY,
        description: "KubeFed's admission webhook is running",
        phase: Phase::After,
        hint: "`kubectl -n kube-federation-system logs deployment/kubefed-admission-webhook` shows why it is not",
        evaluate: kubefed_webhook,
    },
];

fn apiserver(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    deployment(gathered, SYSTEM, "ks-apiserver")
}

fn controller_manager(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    deployment(gathered, SYSTEM, "ks-controller-manager")
}

fn console(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    deployment(gathered, SYSTEM, "ks-console")
}

fn tower(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !context.is_host() {
        return skipped("not a host cluster");
    }
    deployment(gathered, SYSTEM, "tower")
}

pub(super) fn has_kubefed(context: &Context<'_>) -> bool {
    context.is_host() && context.configuration().is_some_and(|c| c.multicluster.kubefed.enabled)
}

fn kubefed(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !has_kubefed(context) {
        return skipped("KubeFed is not configured");
    }
    deployment(gathered, FEDERATED, "kubefed-controller-manager")
}

fn kubefed_webhook(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !has_kubefed(context) {
        return skipped("KubeFed is not configured");
    }
    deployment(gathered, FEDERATED, "kubefed-admission-webhook")
}

fn find<'g>(
    gathered: &'g Gathered,
    namespace: &str,
    name: &str,
) -> Result<Option<&'g Value>, ReadError> {
    gathered.object(Part::Deployments, "Deployment", namespace, name)
}

/// Whether a Deployment exists and is healthy.
fn deployment(gathered: &Gathered, namespace: &str, name: &str) -> Verdict {
    let Some(found) = find(gathered, namespace, name)? else {
        return error(format!("Deployment {namespace}/{name} does not exist"));
    };
    if found["spec"]["replicas"] == 0 {
        return error("scaled to 0");
    }
    // The same rules with which `ksi apply` waits.
    match health::assess(found) {
        Health::Healthy => fine(format!("{} ready", found["status"]["readyReplicas"])),
        Health::Progressing { reason } | Health::Failed { reason } => error(reason),
    }
}

fn token_cache(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let Some(found) = find(gathered, SYSTEM, "ks-apiserver")? else {
        return skipped("ks-apiserver does not exist");
    };
    let replicas = found["spec"]["replicas"].as_u64().unwrap_or(1);
    let Some(config) = gathered.kubesphere_config()? else {
        return skipped("kubesphere-config does not exist");
    };
    let kind = text(&config["cache"]["type"]);
    // Before 3.3 the section was called redis.
    let redis = kind == "redis" || !text(&config["redis"]["host"]).is_empty();
    if replicas < 2 || redis {
        return ok();
    }
    error(format!("ks-apiserver has {replicas} replicas, each with its own token cache"))
}
