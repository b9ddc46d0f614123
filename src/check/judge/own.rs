//! What ksi keeps in the cluster.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::context::{Context, LOCK, SYSTEM};
use super::super::gathered::{Gathered, Part};
use super::super::see::{clean, items, text};
use super::super::verdict::{Unread, Verdict, error, fine, ok, skipped, warning};
use super::super::{Check, Phase};
use crate::inventory::{self, Inventory};

const CATEGORY: &str = "ksi";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "inventory",
        category: CATEGORY,
        description: "the inventory can be read",
        phase: Phase::Both,
        hint: "use the ksi that wrote it or a newer one; a damaged one is made again by an apply, which prunes nothing then",
        judge: inventory,
    },
    Check {
        id: "lock",
        category: CATEGORY,
        description: "no run holds the lock",
        phase: Phase::Both,
        hint: "wait for the run that is named; the next run takes over a lock that is not renewed any more",
        judge: lock,
    },
    Check {
        id: "one-configuration",
        category: CATEGORY,
        description: "the configuration has one owner",
        phase: Phase::Both,
        hint: "let one tool write ClusterConfiguration ks-installer: two undo each other's changes",
        judge: one_owner,
    },
];

fn inventory(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let Some(secret) = gathered.object(Part::Inventory, "Secret", SYSTEM, inventory::SECRET)?
    else {
        return skipped("ksi has not written to this cluster");
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
        .map_err(|_| Unread("the lock's renewTime".to_owned()))?;
    let seconds = (context.now - renewed).whole_seconds();
    let lasts = spec["leaseDurationSeconds"].as_i64().unwrap_or(30);
    if seconds > lasts {
        return warning(format!("{holder} died with it {seconds} s ago"));
    }
    warning(format!("{holder} is at work"))
}

/// Field managers that write the specification.
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
