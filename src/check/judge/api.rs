//! The API server.

use serde_json::Value;

use super::super::context::Context;
use super::super::gathered::{DryRun, Gathered, Part};
use super::super::see::{condition, is, name, says, text};
use super::super::verdict::{Unread, Verdict, error, errors, fine, ok, skipped, warning, warnings};
use super::super::{Check, Phase};
use crate::facts::KubernetesVersion;

const CATEGORY: &str = "Kubernetes API";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "api-reachable",
        category: CATEGORY,
        description: "the API server answers and is Kubernetes",
        phase: Phase::Both,
        hint: "check the address in the kubeconfig with `kubectl get --raw /version`",
        judge: reachable,
    },
    Check {
        id: "kubernetes-version",
        category: CATEGORY,
        description: "the Kubernetes version is supported",
        phase: Phase::Both,
        hint: "upgrade Kubernetes, or use a newer ksi for a newer Kubernetes",
        judge: version,
    },
    Check {
        id: "kubelet-versions",
        category: CATEGORY,
        description: "kubelets are not newer than the API server, and not much older",
        phase: Phase::Both,
        hint: "upgrade the API server before kubelets, and kubelets soon after it",
        judge: kubelets,
    },
    Check {
        id: "server-side-apply",
        category: CATEGORY,
        description: "server-side apply works",
        phase: Phase::Pre,
        hint: "look at the admission webhooks and policies that the answer names",
        judge: server_side_apply,
    },
    Check {
        id: "clock-skew",
        category: CATEGORY,
        description: "the API server's clock and ours agree",
        phase: Phase::Both,
        hint: "let NTP set both clocks: tokens and certificates begin in the future otherwise",
        judge: clock,
    },
    Check {
        id: "api-services",
        category: CATEGORY,
        description: "every aggregated API answers",
        phase: Phase::Both,
        hint: "start the Service behind it, or delete the APIService: namespaces cannot be deleted while one is dead",
        judge: api_services,
    },
];

fn reachable(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    match server_version(gathered)?["gitVersion"].as_str() {
        Some(version) if version.starts_with('v') => fine(version),
        _ => error("the answer of /version names no version of Kubernetes"),
    }
}

fn server_version(gathered: &Gathered) -> Result<&Value, Unread> {
    gathered.version.as_ref().map_err(|why| Unread(why.clone()))
}

fn parsed(gathered: &Gathered) -> Result<KubernetesVersion, Unread> {
    text(&server_version(gathered)?["gitVersion"]).parse().map_err(Unread)
}

fn version(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let (oldest, newest) = (KubernetesVersion::OLDEST, KubernetesVersion::NEWEST);
    match parsed(gathered)? {
        version if version < oldest => {
            error(format!("this is {version}, and ksi needs {oldest} or newer"))
        }
        version if version > newest => {
            warning(format!("this is {version}, and ksi was tried on {oldest} to {newest} only"))
        }
        version => fine(version.to_string()),
    }
}

fn kubelets(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let server = parsed(gathered)?;
    // Since 1.28 kubelets may be three minor versions behind.
    let behind = if server.minor >= 28 { 3 } else { 2 };
    let (mut newer, mut older, mut strange) = (Vec::new(), Vec::new(), Vec::new());
    for node in gathered.list(Part::Nodes)? {
        let kubelet = text(&node["status"]["nodeInfo"]["kubeletVersion"]);
        let Ok(version) = kubelet.parse::<KubernetesVersion>() else {
            // A kubelet that is none has a version of its own: that of kwok, for one.
            strange.push(format!("node {} has `{kubelet}`, which is no version", name(node)));
            continue;
        };
        if version > server {
            newer.push(format!("node {} has {version}, the API server {server}", name(node)));
        } else if version.minor + behind < server.minor {
            older.push(format!("node {} has {version}, the API server {server}", name(node)));
        }
    }
    older.extend(strange);
    if newer.is_empty() { warnings(&older) } else { errors(&newer) }
}

fn server_side_apply(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    match gathered.dry_run.as_ref().map_err(|why| Unread(why.clone()))? {
        DryRun::Accepted => ok(),
        DryRun::Forbidden => skipped("no right to ask; see the check `rights`"),
        DryRun::Refused(why) => error(why.clone()),
    }
}

fn clock(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let server = gathered.server_time.as_ref().map_err(|why| Unread(why.clone()))?;
    let ahead = (*server - context.now).whole_seconds();
    let words = format!(
        "the API server's clock is {} s {} ours",
        ahead.abs(),
        if ahead < 0 { "behind" } else { "ahead of" }
    );
    match ahead.abs() {
        // Certificates are made to begin one hour ago.
        3600.. => error(words),
        60.. => warning(words),
        _ => ok(),
    }
}

fn api_services(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let dead = gathered.list(Part::ApiServices)?.iter().filter(|s| !is(s, "Available"));
    let dead: Vec<String> = dead
        .map(|service| {
            let why = condition(service, "Available").map(says).unwrap_or_default();
            format!("{}: {why}", name(service))
        })
        .collect();
    warnings(&dead)
}
