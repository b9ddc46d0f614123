//! The role and the values of an installation, before and after a plan.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Risk;
use super::members::Members;
use crate::config::{self, Role};
use crate::inventory::{Entry, Inventory};
use crate::object::{ObjectId, embedded, is_terminating, kubesphere};
use crate::plan::{Action, Observed, Plan};
use crate::values::{self, AT_INSTALL, Given, StoredValues};

/// KubeSphere's default name of a host.
pub(super) const HOST_CLUSTER: &str = "host";
/// Components that only a host has.
const HOST_COMPONENTS: [&str; 2] = ["tower", "kubefed"];

/// The role of a cluster before and after a plan.
pub(super) struct RoleChange {
    pub(super) before: Option<Role>,
    pub(super) after: Role,
}

impl RoleChange {
    /// Whether an installed role changes. A cluster that is alone may become a host or a member freely.
    pub(super) fn is_one(&self) -> bool {
        self.before.is_some_and(|before| before != Role::None && before != self.after)
    }

    pub(super) fn risks(&self, jwt_secret: bool, members: &Members) -> Vec<Risk> {
        let mut risks = Vec::new();
        if let Some(before) = self.before.filter(|_| self.is_one()) {
            let members = members.names();
            risks.push(Risk::RoleChange { before, after: self.after, members });
        }
        if jwt_secret && !members.are_none() {
            risks.push(Risk::JwtSecretChange { members: members.names() });
        }
        risks
    }
}

/// The role of the installation that is there, if there is one: that of a host whose workloads run, and else
/// what its configuration says. What stays after a change of the role, such as CRDs, does not count.
pub(super) fn installed_role(observed: &Observed) -> Option<Role> {
    let written =
        || observed.inventory.iter().flat_map(Inventory::entries).filter(|e| !e.is_pending());
    let runs = |entry: &Entry| {
        entry.id.kind == "Deployment"
            && HOST_COMPONENTS.contains(&entry.component.as_str())
            && observed.objects.get(&entry.id).is_some_and(|live| !is_terminating(live))
    };
    if written().any(runs) {
        return Some(Role::Host);
    }
    let document = document(observed);
    match document.as_ref().and_then(|text| text["multicluster"]["clusterRole"].as_str()) {
        Some("host") => Some(Role::Host),
        Some("member") => Some(Role::Member),
        Some(_) => Some(Role::None),
        None => written().next().map(|_| Role::None),
    }
}

/// The name of an installed host, according to its configuration.
pub(super) fn installed_name(observed: &Observed) -> String {
    let document = document(observed).unwrap_or_default();
    let name = document["multicluster"]["hostClusterName"].as_str();
    name.filter(|name| !name.is_empty()).unwrap_or(HOST_CLUSTER).to_owned()
}

/// The live `kubesphere.yaml`.
fn document(observed: &Observed) -> Option<Value> {
    let (_, config) = observed.objects.iter().find(|(id, _)| is_config(id))?;
    embedded::read(config).ok().flatten()
}

/// Whether a plan changes the live `kubesphere.yaml`, or would without a conflict.
pub(super) fn changes_config(plan: &Plan) -> bool {
    plan.changes.iter().any(|change| is_config(&change.id) && change.action != Action::Unchanged)
}

/// Whether a plan replaces the jwtSecret that KubeSphere uses.
pub(super) fn changes_jwt_secret(plan: &Plan, known: &StoredValues) -> bool {
    let change = plan.changes.iter().find(|change| is_config(&change.id) && change.is_write());
    let Some(change) = change else { return false };
    let before = values::jwt_secret_in_use(change.before.as_ref());
    let before = before.or_else(|| known.0.get("jwtSecret").cloned());
    let placeholder = || AT_INSTALL.to_owned();
    let after = values::jwt_secret_in_use(change.after.as_ref()).unwrap_or_else(placeholder);
    before.is_some_and(|before| before != after)
}

/// The values of a host that ksi generated once and that would be generated again, although members rely on them.
pub(super) fn lost_values(
    observed: &Observed,
    given: &Given<'_>,
    known: &StoredValues,
) -> Vec<&'static str> {
    let entries = observed.inventory.iter().flat_map(Inventory::entries);
    let written: BTreeSet<&str> =
        entries.filter(|entry| !entry.is_pending()).map(|entry| entry.component.as_str()).collect();
    let lost = values::missing(given, known).into_iter();
    lost.filter(|(_, component)| written.contains(component)).map(|(name, _)| name).collect()
}

fn is_config(id: &ObjectId) -> bool {
    id.kind == "ConfigMap"
        && id.name == kubesphere::CONFIG
        && id.namespace.as_deref() == Some(config::NAMESPACE)
}
