//! What others changed since ksi wrote it.

use serde::Serialize;
use serde_json::Value;

use crate::inventory::{Entry, Inventory};
use crate::object::{ObjectId, Policy, changed_by_others};
use crate::status::installed::Installed;
use crate::status::snapshot::Snapshot;

/// An object that others changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// The component that it belongs to.
    pub component: String,
    /// The object.
    pub object: ObjectId,
    /// What happened to it.
    pub reason: String,
}

/// Of more fields than these only the first are named.
const NAMED: usize = 3;
/// It notes the revision of each Deployment.
const CONTROLLERS: &str = "kube-controller-manager";

/// All objects of an installation that others changed.
pub(super) fn drift(installed: &Installed, snapshot: &Snapshot) -> Vec<Drift> {
    let entries = installed.components.iter().flat_map(|component| {
        component.entries.iter().map(|entry| (component.name.clone(), entry))
    });
    entries
        .filter_map(|(component, entry)| {
            let reason = reason(&installed.inventory, entry, snapshot.objects.get(&entry.id)?)?;
            Some(Drift { component, object: entry.id.clone(), reason })
        })
        .collect()
}

/// Whether somebody else changed an object since ksi wrote it, as far as its metadata tells.
fn reason(inventory: &Inventory, entry: &Entry, live: &Value) -> Option<String> {
    if entry.is_pending() {
        return None;
    }
    let uid = live["metadata"]["uid"].as_str();
    if entry.uid.as_deref().is_some_and(|ours| uid.is_some_and(|uid| uid != ours)) {
        return Some("deleted and recreated by others".to_owned());
    }
    if entry.policy != Policy::Apply || !live["metadata"]["managedFields"].is_array() {
        return None;
    }
    let now = inventory.ownership(entry.policy, live);
    if entry.owned.is_some() && now.owned != entry.owned {
        return Some(managers_changed(live));
    }
    if entry.written.is_some() && now.written != entry.written {
        return Some("written again as ksi after the last run was recorded".to_owned());
    }
    None
}

/// Who has which fields now: `field managers changed: kubectl-edit has .spec.replicas`.
fn managers_changed(live: &Value) -> String {
    let mut others = changed_by_others(live);
    others.retain(|(manager, _)| *manager != CONTROLLERS);
    let named = others.iter().map(|(manager, fields)| {
        let first = fields.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        match fields.len().saturating_sub(NAMED) {
            0 => format!("{manager} has {first}"),
            more => format!("{manager} has {first} and {more} more"),
        }
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() {
        return "field managers changed: ksi no longer has all of its fields".to_owned();
    }
    format!("field managers changed: {}", named.join("; "))
}
