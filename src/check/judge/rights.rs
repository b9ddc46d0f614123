//! What we may do.

use std::collections::{BTreeMap, BTreeSet};

use super::super::context::{Context, SYSTEM};
use super::super::gathered::{Gathered, Rights};
use super::super::see::some_of;
use super::super::verdict::{Outcome, Unread, Verdict, error, fine, ok};
use super::super::{Check, Phase};
use crate::rights::Right;

const CATEGORY: &str = "Rights";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "rights",
        category: CATEGORY,
        description: "we may read and write every kind that is installed",
        phase: Phase::Pre,
        hint: "give this user the rights that are named, all of which deploy/rbac.yaml has, or use another with --context or --as",
        judge: rights,
    },
    Check {
        id: "rights-escalation",
        category: CATEGORY,
        description: "we may grant what KubeSphere's own roles hold",
        phase: Phase::Pre,
        hint: "allow what is named; deploy/rbac.yaml has it, and docs/rights.md says why it amounts to cluster-admin",
        judge: escalation,
    },
    Check {
        id: "rights-lock",
        category: CATEGORY,
        description: "we may hold the lock and keep the inventory",
        phase: Phase::Pre,
        hint: "allow get, create and update of leases and secrets in kubesphere-system",
        judge: lock,
    },
];

fn read(gathered: &Gathered) -> Result<&Rights, Unread> {
    gathered.rights.as_ref().map_err(|why| Unread(why.clone()))
}

fn is_escalation(right: &Right) -> bool {
    right.verb == "bind" || right.verb == "escalate"
}

fn is_lock(right: &Right) -> bool {
    right.resource == "leases"
        || (right.resource == "secrets" && right.namespace.as_deref() == Some(SYSTEM))
}

fn rights(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let rights = read(gathered)?;
    match judge(rights, |right| !is_escalation(right) && !is_lock(right))? {
        Outcome::Ok(_) => fine(format!("{} rights asked for", rights.asked)),
        other => Ok(other),
    }
}

fn escalation(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    judge(read(gathered)?, is_escalation)
}

fn lock(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    judge(read(gathered)?, is_lock)
}

fn judge(rights: &Rights, wanted: impl Fn(&Right) -> bool) -> Verdict {
    // Names with the same verbs together, then verbs with the same names.
    let mut names: BTreeMap<(String, &str, &str), BTreeSet<String>> = BTreeMap::new();
    for right in rights.missing.iter().filter(|right| wanted(right)) {
        let place = right.namespace.as_deref().unwrap_or_default();
        let known = names.entry((right.full_resource(), place, &right.verb)).or_default();
        known.extend(right.name.clone());
    }
    let mut verbs: BTreeMap<(String, &str, BTreeSet<String>), Vec<&str>> = BTreeMap::new();
    for ((resource, place, verb), names) in names {
        verbs.entry((resource, place, names)).or_default().push(verb);
    }
    if verbs.is_empty() {
        return ok();
    }
    let lines = verbs.into_iter().map(|((resource, place, names), verbs)| {
        let place = if place.is_empty() { String::new() } else { format!(" in {place}") };
        let names: Vec<String> = names.into_iter().collect();
        let names =
            if names.is_empty() { names.concat() } else { format!(": {}", some_of(&names)) };
        format!("may not {} {resource}{place}{names}", verbs.join(", "))
    });
    error(lines.collect::<Vec<_>>().join("\n"))
}
