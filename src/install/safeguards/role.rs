//! The role and the jwtSecret of a cluster, before and after a plan.

use super::Risk;
use crate::config::{self, Configuration, Role};
use crate::inventory::Inventory;
use crate::object::{ObjectId, embedded};
use crate::plan::Observed;
use crate::values::StoredValues;

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

    pub(super) fn risks(&self, jwt_secret: bool, members: Vec<String>) -> Vec<Risk> {
        let mut risks = Vec::new();
        if let Some(before) = self.before.filter(|_| self.is_one()) {
            let members = members.clone();
            risks.push(Risk::RoleChange { before, after: self.after, members });
        }
        if jwt_secret && !members.is_empty() {
            risks.push(Risk::JwtSecretChange { members });
        }
        risks
    }
}

/// The role of the installation that is there, if there is one: what its configuration says, and else
/// what runs.
pub(super) fn installed_role(observed: &Observed) -> Option<Role> {
    let entries = observed.inventory.iter().flat_map(Inventory::entries);
    let mut written = entries.filter(|entry| !entry.is_pending()).peekable();
    let installed = written.peek().is_some();
    if written.any(|entry| HOST_COMPONENTS.contains(&entry.component.as_str())) {
        return Some(Role::Host);
    }
    let of_core = |id: &ObjectId| {
        id.kind == "ConfigMap"
            && id.name == "kubesphere-config"
            && id.namespace.as_deref() == Some(config::NAMESPACE)
    };
    let config = observed.objects.iter().find(|(id, _)| of_core(id)).map(|(_, live)| live);
    let document = config.and_then(|live| embedded::read(live).ok().flatten());
    match document.as_ref().and_then(|text| text["multicluster"]["clusterRole"].as_str()) {
        Some("host") => Some(Role::Host),
        Some("member") => Some(Role::Member),
        Some(_) => Some(Role::None),
        None => installed.then_some(Role::None),
    }
}

/// Whether the configuration gives another jwtSecret than the one that is in use.
pub(super) fn changes_jwt_secret(configuration: &Configuration, stored: &StoredValues) -> bool {
    let given = configuration.authentication.jwt_secret.as_deref();
    let given = given.filter(|text| !text.is_empty());
    given.is_some_and(|given| stored.0.get("jwtSecret").is_some_and(|stored| stored != given))
}
