//! What earlier installations left behind.

use super::super::backend::{Abandoned, abandoned};
use super::super::context::{Context, SYSTEM};
use super::super::gathered::{Gathered, Part};
use super::super::see::{full_name, items, name, says, some_of, text};
use super::super::verdict::{Verdict, error, errors, ok, warning, warnings};
use super::super::{Check, Phase};
use crate::object::is_departing;

const CATEGORY: &str = "Leftovers";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "webhooks-without-backend",
        category: CATEGORY,
        description: "every webhook of KubeSphere and KubeFed has a backend",
        phase: Phase::Both,
        hint: "before an installation `ksi cleanup webhooks` deletes those that an earlier one left; after one, see why the pods behind the Service are not ready",
        judge: own_webhooks,
    },
    Check {
        id: "webhooks-of-others",
        category: CATEGORY,
        description: "every webhook of somebody else that can refuse writes has a backend",
        phase: Phase::Both,
        hint: "start the Service behind it, or delete the configuration if its owner is gone",
        judge: foreign_webhooks,
    },
    Check {
        id: "ks-installer",
        category: CATEGORY,
        description: "no ks-installer runs",
        phase: Phase::Both,
        hint: "stop it, or it undoes what ksi writes: `kubectl -n kubesphere-system scale deployment ks-installer --replicas=0`",
        judge: ks_installer,
    },
    Check {
        id: "helm-releases",
        category: CATEGORY,
        description: "no helm release claims KubeSphere's objects",
        phase: Phase::Pre,
        hint: "ksi takes the objects over; delete the release Secrets afterwards, and do not `helm uninstall`",
        judge: helm_releases,
    },
    Check {
        id: "helm-pending",
        category: CATEGORY,
        description: "no helm run was cut short",
        phase: Phase::Pre,
        hint: "make sure that no helm runs any more, then delete the newest Secret of that release",
        judge: helm_pending,
    },
    Check {
        id: "namespaces-terminating",
        category: CATEGORY,
        description: "no namespace of KubeSphere is being deleted",
        phase: Phase::Both,
        hint: "remove what the condition names; its finalizers wait for a controller that may be gone",
        judge: namespaces,
    },
];

fn lines(found: &[Abandoned]) -> Vec<String> {
    found.iter().map(ToString::to_string).collect()
}

fn own_webhooks(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let found: Vec<_> = abandoned(gathered)?.into_iter().filter(|a| a.ours).collect();
    if found.iter().any(|a| a.blocks) { errors(&lines(&found)) } else { warnings(&lines(&found)) }
}

fn foreign_webhooks(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let found: Vec<_> = abandoned(gathered)?.into_iter().filter(|a| !a.ours && a.blocks).collect();
    warnings(&lines(&found))
}

fn ks_installer(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let Some(found) = gathered.object(Part::Deployments, "Deployment", SYSTEM, "ks-installer")?
    else {
        return ok();
    };
    let mut images =
        items(&found["spec"]["template"]["spec"]["containers"]).map(|c| text(&c["image"]));
    // The controller of ksi may have the name that users know.
    let ours = images.any(|image| image.contains("/ksi:") || image.contains("/ksi@"));
    if ours || found["spec"]["replicas"] == 0 {
        return ok();
    }
    error("Deployment kubesphere-system/ks-installer is there and not scaled to 0")
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
    warning(format!("helm knows the releases {}", some_of(&names)))
}

fn helm_pending(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let pending = gathered.list(Part::HelmReleases)?.iter().filter_map(|secret| {
        let status = text(&secret["metadata"]["labels"]["status"]);
        status.starts_with("pending-").then(|| format!("{} is {status}", full_name(secret)))
    });
    warnings(&pending.collect::<Vec<_>>())
}

fn namespaces(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let ending = gathered.list(Part::Namespaces)?.iter().filter(|n| is_departing(n));
    let ours = ending.filter(|n| super::super::context::NAMESPACES.contains(&name(n)));
    let lines = ours.map(|namespace| {
        let blocking = items(&namespace["status"]["conditions"]).filter(|c| c["status"] == "True");
        let why: Vec<String> =
            blocking.map(|c| format!("{}: {}", text(&c["type"]), says(c))).collect();
        format!("{} is Terminating; {}", name(namespace), why.join("; "))
    });
    errors(&lines.collect::<Vec<_>>())
}
