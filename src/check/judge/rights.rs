//! What we may do.

use std::collections::BTreeMap;

use super::super::context::{Context, SYSTEM};
use super::super::gathered::{Gathered, Right, Rights};
use super::super::verdict::{Outcome, Unread, Verdict, error, fine, ok};
use super::super::{Check, Phase};

const CATEGORY: &str = "Rights";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "rights",
        category: CATEGORY,
        description: "we may read and write every kind that is installed",
        phase: Phase::Pre,
        hint: "give this user the rights that are named, or use another with --context or --as",
        judge: rights,
    },
    Check {
        id: "rights-escalation",
        category: CATEGORY,
        description: "we may grant what KubeSphere's own roles hold",
        phase: Phase::Pre,
        hint: "bind this user to ClusterRole cluster-admin, or allow it `bind` and `escalate` on roles and clusterroles",
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
    right.resource.starts_with("leases.")
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
    let mut missing: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for right in rights.missing.iter().filter(|right| wanted(right)) {
        let place = (right.resource.as_str(), right.namespace.as_deref().unwrap_or_default());
        missing.entry(place).or_default().push(&right.verb);
    }
    if missing.is_empty() {
        return ok();
    }
    let lines = missing.iter().map(|((resource, namespace), verbs)| {
        let place = if namespace.is_empty() { String::new() } else { format!(" in {namespace}") };
        format!("may not {} {resource}{place}", verbs.join(", "))
    });
    error(lines.collect::<Vec<_>>().join("\n"))
}
