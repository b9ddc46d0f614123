//! The permissions of ksi.

use std::collections::{BTreeMap, BTreeSet};

use super::super::context::{Context, SYSTEM};
use super::super::gathered::{Gathered, Rights};
use super::super::manifest::some_of;
use super::super::verdict::{Outcome, ReadError, Verdict, error, fine, ok};
use super::super::{Check, Phase};
use crate::rights::Right;

pub(in crate::check) const CATEGORY: &str = "Permissions";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "rights",
        category: CATEGORY,
        description: "ksi may read and write everything that it installs",
        phase: Phase::Pre,
        hint: "grant this user the permissions listed above (deploy/rbac.yaml has all of them), or use another user with --context or --as",
        evaluate: rights,
    },
    Check {
        id: "rights-escalation",
        category: CATEGORY,
        description: "ksi may grant the permissions of KubeSphere's own roles",
        phase: Phase::Pre,
        hint: "grant the permissions listed above (deploy/rbac.yaml has them); docs/rights.md explains why they amount to cluster-admin",
        evaluate: escalation,
    },
    Check {
        id: "rights-lock",
        category: CATEGORY,
        description: "ksi may hold the lock and store the inventory",
        phase: Phase::Pre,
        hint: "grant get, create and update on leases and secrets in kubesphere-system",
        evaluate: lock,
    },
];

fn read(gathered: &Gathered) -> Result<&Rights, ReadError> {
    gathered.rights.as_ref().map_err(|why| ReadError(why.clone()))
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
    match report(rights, |right| !is_escalation(right) && !is_lock(right))? {
        Outcome::Ok(_) => fine(format!("{} permissions checked", rights.asked)),
        other => Ok(other),
    }
}

fn escalation(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    report(read(gathered)?, is_escalation)
}

fn lock(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    report(read(gathered)?, is_lock)
}

fn report(rights: &Rights, wanted: impl Fn(&Right) -> bool) -> Verdict {
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
        format!("cannot {} {resource}{place}{names}", verbs.join(", "))
    });
    error(lines.collect::<Vec<_>>().join("\n"))
}
