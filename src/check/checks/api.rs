//! The API server.

use serde_json::Value;

use super::super::context::Context;
use super::super::gathered::{DryRun, Gathered, Part};
use super::super::manifest::{condition, is, message, name, text};
use super::super::verdict::{
    ReadError, Verdict, error, errors, fine, ok, skipped, warning, warnings,
};
use super::super::{Check, Phase};
use crate::facts::KubernetesVersion;

const CATEGORY: &str = "Kubernetes API";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "api-reachable",
        category: CATEGORY,
        description: "the Kubernetes API server is reachable",
        phase: Phase::Both,
        hint: "check the server address in the kubeconfig: `kubectl get --raw /version`",
        evaluate: reachable,
    },
    Check {
        id: "kubernetes-version",
        category: CATEGORY,
        description: "the Kubernetes version is supported",
        phase: Phase::Both,
        hint: "upgrade Kubernetes, or use a newer ksi for a newer Kubernetes",
        evaluate: version,
    },
    Check {
        id: "kubelet-versions",
        category: CATEGORY,
        description: "kubelet versions are compatible with the API server",
        phase: Phase::Both,
        hint: "upgrade the API server before the kubelets, and the kubelets soon after it",
        evaluate: kubelets,
    },
    Check {
        id: "server-side-apply",
        category: CATEGORY,
        description: "server-side apply works",
        phase: Phase::Pre,
        hint: "check the admission webhooks and policies that the message names",
        evaluate: server_side_apply,
    },
    Check {
        id: "clock-skew",
        category: CATEGORY,
        description: "the clocks of the API server and of this machine agree",
        phase: Phase::Both,
        hint: "synchronize both clocks with NTP: otherwise tokens and certificates are not valid yet",
        evaluate: clock,
    },
    Check {
        id: "api-services",
        category: CATEGORY,
        description: "every aggregated API is available",
        phase: Phase::Both,
        hint: "start the Service behind it, or delete the APIService: while one is unavailable, namespaces cannot be deleted",
        evaluate: api_services,
    },
];

fn reachable(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    match server_version(gathered)?["gitVersion"].as_str() {
        Some(version) if version.starts_with('v') => fine(version),
        _ => error("the server is not Kubernetes: /version returns no version"),
    }
}

fn server_version(gathered: &Gathered) -> Result<&Value, ReadError> {
    gathered.version.as_ref().map_err(|why| ReadError(why.clone()))
}

fn parsed(gathered: &Gathered) -> Result<KubernetesVersion, ReadError> {
    text(&server_version(gathered)?["gitVersion"]).parse().map_err(ReadError)
}

fn version(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let (oldest, newest) = (KubernetesVersion::OLDEST, KubernetesVersion::NEWEST);
    match parsed(gathered)? {
        version if version < oldest => {
            error(format!("Kubernetes {version} is too old: ksi needs {oldest} or newer"))
        }
        version if version > newest => {
            warning(format!("Kubernetes {version} is untested: ksi supports {oldest} to {newest}"))
        }
        version => fine(version.to_string()),
    }
}

fn kubelets(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let server = parsed(gathered)?;
    // Since 1.28 kubelets may be three minor versions behind.
    let behind = if server.minor >= 28 { 3 } else { 2 };
    let (mut newer, mut older, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for node in gathered.list(Part::Nodes)? {
        let kubelet = text(&node["status"]["nodeInfo"]["kubeletVersion"]);
        let Ok(version) = kubelet.parse::<KubernetesVersion>() else {
            // Simulated kubelets have versions of their own, for example those of kwok.
            unknown.push(format!(
                "node {}: kubelet version `{kubelet}` is not a Kubernetes version",
                name(node)
            ));
            continue;
        };
        if version > server {
            newer.push(format!("node {}: kubelet {version}, API server {server}", name(node)));
        } else if version.minor + behind < server.minor {
            older.push(format!("node {}: kubelet {version}, API server {server}", name(node)));
        }
    }
    older.extend(unknown);
    if newer.is_empty() { warnings(&older) } else { errors(&newer) }
}

fn server_side_apply(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    match gathered.dry_run.as_ref().map_err(|why| ReadError(why.clone()))? {
        DryRun::Accepted => ok(),
        DryRun::Forbidden => skipped("no permission to test it; see check `rights`"),
        DryRun::Refused(why) => error(why.clone()),
    }
}

fn clock(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let server = gathered.server_time.as_ref().map_err(|why| ReadError(why.clone()))?;
    let ahead = (*server - context.now).whole_seconds();
    let difference = format!(
        "the API server's clock is {} s {} the clock of this machine",
        ahead.abs(),
        if ahead < 0 { "behind" } else { "ahead of" }
    );
    match ahead.abs() {
        // ksi backdates the certificates that it generates by one hour.
        3600.. => error(difference),
        60.. => warning(difference),
        _ => ok(),
    }
}

fn api_services(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let unavailable = gathered.list(Part::ApiServices)?.iter().filter(|s| !is(s, "Available"));
    let unavailable: Vec<String> = unavailable
        .map(|service| {
            let why = condition(service, "Available").map(message).unwrap_or_default();
            format!("{}: {why}", name(service))
        })
        .collect();
    warnings(&unavailable)
}
