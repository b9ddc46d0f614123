//! Leftovers of earlier installations.

use super::super::backend::{OrphanedWebhook, orphaned_webhooks};
use super::super::context::{Context, SYSTEM};
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{full_name, items, message, name, some_of, text};
use super::super::verdict::{ReadError, Verdict, error, errors, ok, warning, warnings};
use super::super::{Check, Phase};
use crate::object::{Held, ObjectId, counted, is_terminating};

const CATEGORY: &str = "Leftovers";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "webhooks-without-backend",
        category: CATEGORY,
        description: "every webhook of KubeSphere and KubeFed has a backend",
        phase: Phase::Both,
        hint: "before an installation, `ksi cleanup webhooks` deletes those that an earlier one left; after an installation, check why the pods behind the Service are not ready",
        evaluate: own_webhooks,
    },
    Check {
        id: "webhooks-of-others",
        category: CATEGORY,
        description: "every other webhook that can block writes has a backend",
        phase: Phase::Both,
        hint: "start the Service behind it, or delete the webhook configuration if its owner was uninstalled",
        evaluate: foreign_webhooks,
    },
    Check {
        id: "ks-installer",
        category: CATEGORY,
        description: "ks-installer is not running",
        phase: Phase::Both,
        hint: "stop it, or it reverts what ksi writes: `kubectl -n kubesphere-system scale deployment ks-installer --replicas=0`",
        evaluate: ks_installer,
    },
    Check {
        id: "helm-releases",
        category: CATEGORY,
        description: "no Helm release owns KubeSphere's objects",
        phase: Phase::Pre,
        hint: "ksi adopts the objects; afterwards delete the release Secrets, and do not run `helm uninstall`",
        evaluate: helm_releases,
    },
    Check {
        id: "helm-pending",
        category: CATEGORY,
        description: "no Helm release is pending",
        phase: Phase::Pre,
        hint: "make sure that Helm is not running, then delete the newest Secret of that release",
        evaluate: helm_pending,
    },
    Check {
        id: "namespaces-terminating",
        category: CATEGORY,
        description: "no namespace of KubeSphere is terminating",
        phase: Phase::Both,
        hint: "remove the content that the condition names; its finalizers may wait for a controller that no longer exists",
        evaluate: namespaces,
    },
    Check {
        id: "finalizers-without-controller",
        category: CATEGORY,
        description: "no object has a finalizer of a controller that does not exist",
        phase: Phase::Both,
        hint: "`ksi cleanup finalizers` removes them; installing KubeSphere again brings the controller back",
        evaluate: finalizers,
    },
];

fn lines(found: &[OrphanedWebhook]) -> Vec<String> {
    found.iter().map(ToString::to_string).collect()
}

fn own_webhooks(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let found: Vec<_> = orphaned_webhooks(gathered)?.into_iter().filter(|a| a.ours).collect();
    if found.iter().any(|a| a.blocks) { errors(&lines(&found)) } else { warnings(&lines(&found)) }
}

fn foreign_webhooks(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let found: Vec<_> =
        orphaned_webhooks(gathered)?.into_iter().filter(|a| !a.ours && a.blocks).collect();
    warnings(&lines(&found))
}

fn ks_installer(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let Some(found) = gathered.object(Part::Deployments, "Deployment", SYSTEM, "ks-installer")?
    else {
        return ok();
    };
    let mut images =
        items(&found["spec"]["template"]["spec"]["containers"]).map(|c| text(&c["image"]));
    // The controller of ksi may use the name that users know.
    let ours = images.any(|image| image.contains("/ksi:") || image.contains("/ksi@"));
    if ours || found["spec"]["replicas"] == 0 {
        return ok();
    }
    error("Deployment kubesphere-system/ks-installer exists and is not scaled to 0")
}

fn helm_releases(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let mut names: Vec<String> = gathered
        .list(Part::HelmReleases)?
        .iter()
        .map(|secret| text(&secret["metadata"]["labels"]["name"]).to_owned())
        .collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return ok();
    }
    warning(format!("Helm releases: {}", some_of(&names)))
}

fn helm_pending(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let pending = gathered.list(Part::HelmReleases)?.iter().filter_map(|secret| {
        let status = text(&secret["metadata"]["labels"]["status"]);
        status.starts_with("pending-").then(|| format!("{} is {status}", full_name(secret)))
    });
    warnings(&pending.collect::<Vec<_>>())
}

fn namespaces(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let terminating = gathered.list(Part::Namespaces)?.iter().filter(|n| is_terminating(n));
    let ours = terminating.filter(|n| super::super::context::NAMESPACES.contains(&name(n)));
    let lines = ours.map(|namespace| {
        let blocking = items(&namespace["status"]["conditions"]).filter(|c| c["status"] == "True");
        let why: Vec<String> =
            blocking.map(|c| format!("{}: {}", text(&c["type"]), message(c))).collect();
        format!("{} is terminating: {}", name(namespace), why.join("; "))
    });
    errors(&lines.collect::<Vec<_>>())
}

fn finalizers(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let held = gathered.held.as_ref().map_err(|why| ReadError(why.clone()))?;
    let mut controllers: Vec<(&ObjectId, Vec<&Held>)> = Vec::new();
    for held in held {
        match controllers.iter_mut().find(|(known, _)| *known == &held.controller) {
            Some((_, all)) => all.push(held),
            None => controllers.push((&held.controller, vec![held])),
        }
    }
    let lines: Vec<String> = controllers
        .into_iter()
        .map(|(controller, all)| {
            let names: Vec<String> = all.iter().map(|held| held.id.to_string()).collect();
            let stuck = all.iter().filter(|held| held.is_terminating).count();
            let stuck = if stuck > 0 { format!("; terminating: {stuck}") } else { String::new() };
            let count = counted(all.len(), "object");
            format!(
                "{controller} does not exist, but its finalizers are still on {count}: {}{stuck}",
                some_of(&names)
            )
        })
        .collect();
    if held.iter().any(|held| held.is_terminating) { errors(&lines) } else { warnings(&lines) }
}
