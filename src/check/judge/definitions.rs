//! Definitions of custom resources.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::context::Context;
use super::super::gathered::{Gathered, Part};
use super::super::see::{condition, is, items, name, says, some_of, text};
use super::super::verdict::{Unread, Verdict, error, errors, ok};
use super::super::{Check, Phase};
use crate::object::{Object, is_departing};

const CATEGORY: &str = "Definitions";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "definitions-terminating",
        category: CATEGORY,
        description: "no definition of KubeSphere or KubeFed is being deleted",
        phase: Phase::Both,
        hint: "its objects have finalizers of controllers that are gone; remove these, then it goes",
        judge: terminating,
    },
    Check {
        id: "definitions-established",
        category: CATEGORY,
        description: "every definition of KubeSphere and KubeFed is served",
        phase: Phase::Both,
        hint: "two definitions want the same names: delete the one that is not used",
        judge: established,
    },
    Check {
        id: "definitions-scope",
        category: CATEGORY,
        description: "definitions that exist have the scope that is needed",
        phase: Phase::Pre,
        hint: "the scope cannot be changed: save its objects, delete the definition and install again",
        judge: scope,
    },
    Check {
        id: "definitions-stored-versions",
        category: CATEGORY,
        description: "no object is stored in a version that would be dropped",
        phase: Phase::Pre,
        hint: "rewrite the objects in the newer version, then remove the old one from `status.storedVersions`",
        judge: stored,
    },
    Check {
        id: "definitions-present",
        category: CATEGORY,
        description: "every definition that is needed is there",
        phase: Phase::After,
        hint: "apply again, then restart ks-controller-manager: it never starts controllers for kinds that came after it",
        judge: present,
    },
];

/// Those of our groups.
fn ours(gathered: &Gathered) -> Result<impl Iterator<Item = &Value>, Unread> {
    let all = gathered.list(Part::Definitions)?.iter();
    Ok(all.filter(|crd| {
        let group = text(&crd["spec"]["group"]);
        group.ends_with("kubesphere.io") || group.ends_with("kubefed.io")
    }))
}

fn terminating(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let lines = ours(gathered)?.filter(|crd| is_departing(crd)).map(|crd| {
        let why = condition(crd, "Terminating").map(says).unwrap_or_default();
        format!("{} is being deleted: {why}", name(crd))
    });
    errors(&lines.collect::<Vec<_>>())
}

fn established(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let dead = ours(gathered)?.filter(|crd| !is(crd, "Established") && !is_departing(crd));
    let lines = dead.map(|crd| {
        let why = condition(crd, "NamesAccepted").map(says).unwrap_or_default();
        format!("{} is not established: {why}", name(crd))
    });
    errors(&lines.collect::<Vec<_>>())
}

/// Definitions that are there and wanted.
fn pairs<'a>(
    gathered: &'a Gathered,
    context: &'a Context<'_>,
) -> Result<Vec<(&'a Value, &'a Object)>, Unread> {
    let live = gathered.list(Part::Definitions)?;
    let wanted = context.desired("CustomResourceDefinition");
    Ok(wanted.filter_map(|o| Some((live.iter().find(|crd| name(crd) == o.id.name)?, o))).collect())
}

fn scope(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let pairs = pairs(gathered, context)?;
    let other = pairs.iter().filter(|(live, o)| live["spec"]["scope"] != o.body["spec"]["scope"]);
    let lines = other.map(|(live, o)| {
        let (is, needed) = (text(&live["spec"]["scope"]), text(&o.body["spec"]["scope"]));
        format!("{} is {is}, and {needed} is needed", name(live))
    });
    errors(&lines.collect::<Vec<_>>())
}

fn stored(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let mut lines = Vec::new();
    for (live, wanted) in pairs(gathered, context)? {
        let versions = items(&wanted.body["spec"]["versions"]);
        let served: BTreeSet<&str> = versions.map(|v| text(&v["name"])).collect();
        let stored = items(&live["status"]["storedVersions"]).map(text);
        let dropped = stored.filter(|version| !served.contains(version));
        lines.extend(dropped.map(|version| format!("{} has objects in {version}", name(live))));
    }
    errors(&lines)
}

fn present(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let live: BTreeSet<&str> = gathered.list(Part::Definitions)?.iter().map(name).collect();
    let wanted = context.desired("CustomResourceDefinition").map(|o| &o.id.name);
    let absent: Vec<String> = wanted.filter(|n| !live.contains(n.as_str())).cloned().collect();
    if absent.is_empty() { ok() } else { error(format!("missing: {}", some_of(&absent))) }
}
