//! The definitions of custom resources (CRDs).

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::context::Context;
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{condition, is, items, message, name, some_of, text};
use super::super::verdict::{ReadError, Verdict, error, errors, ok};
use super::super::{Check, Phase};
use crate::object::{Object, is_terminating};

const CATEGORY: &str = "Custom resource definitions";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "definitions-terminating",
        category: CATEGORY,
        description: "no CRD of KubeSphere or KubeFed is terminating",
        phase: Phase::Both,
        hint: "its objects have finalizers whose controllers no longer run: remove those finalizers, and the CRD is deleted",
        evaluate: terminating,
    },
    Check {
        id: "definitions-established",
        category: CATEGORY,
        description: "every CRD of KubeSphere and KubeFed is established",
        phase: Phase::Both,
        hint: "two CRDs define the same names: delete the unused one",
        evaluate: established,
    },
    Check {
        id: "definitions-scope",
        category: CATEGORY,
        description: "existing CRDs have the required scope",
        phase: Phase::Pre,
        hint: "the scope cannot be changed: back up its objects, delete the CRD and install again",
        evaluate: scope,
    },
    Check {
        id: "definitions-stored-versions",
        category: CATEGORY,
        description: "no CRD has objects stored in a version that would be removed",
        phase: Phase::Pre,
        hint: "migrate the objects to the newer version, then remove the old one from `status.storedVersions`",
        evaluate: stored,
    },
    Check {
        id: "definitions-present",
        category: CATEGORY,
        description: "every required CRD exists",
        phase: Phase::After,
        hint: "run `ksi apply` again, then restart ks-controller-manager: it starts controllers only for the CRDs that exist when it starts",
        evaluate: present,
    },
];

/// The CRDs of KubeSphere and KubeFed.
fn ours(gathered: &Gathered) -> Result<impl Iterator<Item = &Value>, ReadError> {
    let all = gathered.list(Part::Definitions)?.iter();
    Ok(all.filter(|crd| {
        let group = text(&crd["spec"]["group"]);
        group.ends_with("kubesphere.io") || group.ends_with("kubefed.io")
    }))
}

fn terminating(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let lines = ours(gathered)?.filter(|crd| is_terminating(crd)).map(|crd| {
        let why = condition(crd, "Terminating").map(message).unwrap_or_default();
        format!("{} is terminating: {why}", name(crd))
    });
    errors(&lines.collect::<Vec<_>>())
}

fn established(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let missing = ours(gathered)?.filter(|crd| !is(crd, "Established") && !is_terminating(crd));
    let lines = missing.map(|crd| {
        let why = condition(crd, "NamesAccepted").map(message).unwrap_or_default();
        format!("{} is not established: {why}", name(crd))
    });
    errors(&lines.collect::<Vec<_>>())
}

/// Live CRDs with the desired ones.
fn pairs<'a>(
    gathered: &'a Gathered,
    context: &'a Context<'_>,
) -> Result<Vec<(&'a Value, &'a Object)>, ReadError> {
    let live = gathered.list(Part::Definitions)?;
    let wanted = context.desired("CustomResourceDefinition");
    Ok(wanted.filter_map(|o| Some((live.iter().find(|crd| name(crd) == o.id.name)?, o))).collect())
}

fn scope(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let pairs = pairs(gathered, context)?;
    let other = pairs.iter().filter(|(live, o)| live["spec"]["scope"] != o.body["spec"]["scope"]);
    let lines = other.map(|(live, o)| {
        let (is, needed) = (text(&live["spec"]["scope"]), text(&o.body["spec"]["scope"]));
        format!("{} is {is}, but must be {needed}", name(live))
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
        lines.extend(
            dropped.map(|version| format!("{} has objects stored in {version}", name(live))),
        );
    }
    errors(&lines)
}

fn present(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let live: BTreeSet<&str> = gathered.list(Part::Definitions)?.iter().map(name).collect();
    let wanted = context.desired("CustomResourceDefinition").map(|o| &o.id.name);
    let absent: Vec<String> = wanted.filter(|n| !live.contains(n.as_str())).cloned().collect();
    if absent.is_empty() { ok() } else { error(format!("missing: {}", some_of(&absent))) }
}
