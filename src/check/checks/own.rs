//! The objects that ksi itself stores in the cluster.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::context::{Context, LOCK, SYSTEM};
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{clean, items, text};
use super::super::verdict::{ReadError, Verdict, error, fine, ok, skipped, warning};
use super::super::{Check, Phase};
use crate::inventory::{self, Inventory};

const CATEGORY: &str = "ksi";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "inventory",
        category: CATEGORY,
        description: "the inventory can be read",
        phase: Phase::Both,
        hint: "use the ksi version that wrote it, or a newer one; `ksi apply` rebuilds a damaged one, and prunes nothing in that run",
        evaluate: inventory,
    },
    Check {
        id: "lock",
        category: CATEGORY,
        description: "no run holds the lock",
        phase: Phase::Both,
        hint: "wait until that run ends; the next run takes over an expired lock",
        evaluate: lock,
    },
    Check {
        id: "one-configuration",
        category: CATEGORY,
        description: "one tool manages the configuration",
        phase: Phase::Both,
        hint: "let only one tool write ClusterConfiguration ks-installer: two would revert each other's changes",
        evaluate: one_owner,
    },
];

fn inventory(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let Some(secret) = gathered.object(Part::Inventory, "Secret", SYSTEM, inventory::SECRET)?
    else {
        return skipped("ksi has not installed anything in this cluster");
    };
    match Inventory::from_secret(secret) {
        Ok(inventory) => fine(format!("{} objects", inventory.entries().len())),
        Err(problem) => error(clean(&problem.to_string())),
    }
}

fn lock(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let Some(lease) = gathered.object(Part::Lock, "Lease", SYSTEM, LOCK)? else { return ok() };
    let spec = &lease["spec"];
    let holder = clean(text(&spec["holderIdentity"]));
    if holder.is_empty() {
        return ok();
    }
    let renewed = OffsetDateTime::parse(text(&spec["renewTime"]), &Rfc3339)
        .map_err(|_| ReadError("renewTime of the lock is not a timestamp".to_owned()))?;
    let seconds = (context.now - renewed).whole_seconds();
    let lasts = spec["leaseDurationSeconds"].as_i64().unwrap_or(30);
    if seconds > lasts {
        return warning(format!("held by {holder}, but expired: last renewed {seconds} s ago"));
    }
    warning(format!("held by {holder}"))
}

/// The tools that own fields of the spec.
fn one_owner(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let found =
        gathered.list(Part::Configuration)?.iter().find(|o| o["kind"] == crate::config::KIND);
    let Some(found) = found else { return skipped("the cluster has no configuration") };
    let tools =
        ["argocd", "kustomize-controller", "helm-controller", "helm", "Terraform", "pulumi"];
    let mut writers: Vec<&str> = items(&found["metadata"]["managedFields"])
        .filter(|entry| !entry["fieldsV1"]["f:spec"].is_null())
        .map(|entry| text(&entry["manager"]))
        .filter(|manager| tools.iter().any(|tool| manager.starts_with(tool)))
        .collect();
    writers.sort_unstable();
    writers.dedup();
    if writers.len() < 2 { ok() } else { warning(clean(&writers.join(", "))) }
}
