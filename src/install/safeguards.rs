//! What a plan would break, as data. [`unconfirmed`] returns the risks without consent.

mod ks_installer;
mod members;
mod risk;
mod role;

use super::consent::{Consent, Consents};
use super::error::Error;
use super::known_values::given;
use super::prepared::Prepared;
use super::session::Session;
use crate::config::Role;
use crate::engine::{Planned, Replaced};
use crate::object::{DeletionConsent, ObjectId, rules};
use crate::plan::{Action, Plan};
use crate::target::{ClusterTarget, Target};
use crate::values::StoredValues;
use ks_installer::KsInstaller;
use members::Members;
pub use risk::Risk;
use role::{
    HOST_CLUSTER, RoleChange, changes_config, changes_jwt_secret, installed_name, installed_role,
    lost_values,
};

/// The risks without consent.
pub fn unconfirmed<'r>(risks: &'r [Risk], consents: &Consents) -> Vec<&'r Risk> {
    risks.iter().filter(|risk| !consents.include(risk.consent())).collect()
}

/// The risks of an apply. `known` are the values before it.
///
/// # Errors
/// The cluster cannot be read.
pub(super) async fn of_apply<T: Target>(
    session: &Session<T>,
    planned: &Planned,
    prepared: &Prepared,
    known: &StoredValues,
) -> Result<Vec<Risk>, Error> {
    let before = installed_role(&planned.observed);
    let role = RoleChange { before, after: prepared.configuration.role() };
    let jwt_secret = changes_jwt_secret(&planned.plan, known);
    let lost = lost_values(&planned.observed, &given(&prepared.configuration), known);
    let matters = role.is_one() || jwt_secret || !lost.is_empty();
    let members = match session.cluster_target() {
        _ if before != Some(Role::Host) || !matters => Members::Known(Vec::new()),
        Some(target) => Members::Known(members::of(target.cluster()).await?),
        None => Members::Unknown,
    };
    let mut risks = role.risks(jwt_secret, &members);
    if let Members::Known(members) = members
        && !members.is_empty()
        && !lost.is_empty()
    {
        risks.push(Risk::LostValues { values: lost, members });
    }
    Ok(risks)
}

/// The name of an installed host, if the configuration has another one. KubeSphere does not change it.
///
/// # Errors
/// The cluster cannot be read.
pub(super) async fn renamed_host<T: Target>(
    session: &Session<T>,
    planned: &Planned,
    prepared: &Prepared,
) -> Result<Option<String>, Error> {
    let stays = prepared.configuration.role() == Role::Host
        && installed_role(&planned.observed) == Some(Role::Host);
    if !stays || !changes_config(&planned.plan) {
        return Ok(None);
    }
    let name = match session.cluster_target() {
        // A host that never ran has no name yet.
        Some(target) => members::host(target.cluster()).await?,
        None => Some(installed_name(&planned.observed)),
    };
    let wanted = prepared.configuration.multicluster.host_cluster_name.as_deref();
    let wanted = wanted.filter(|name| !name.is_empty()).unwrap_or(HOST_CLUSTER);
    Ok(name.filter(|name| name != wanted))
}

/// The installer of KubeSphere 3 that runs, and the risk of replacing it.
///
/// # Errors
/// The cluster cannot be read.
pub(super) async fn of_ks_installer<T: Target>(
    session: &Session<T>,
    planned: &Planned,
) -> Result<(Option<Replaced>, Option<Risk>), Error> {
    let Some(target) = session.cluster_target() else { return Ok((None, None)) };
    let inventory = planned.observed.inventory.as_ref();
    let found = ks_installer::find(target.cluster(), inventory).await?;
    let risk = found.as_ref().and_then(KsInstaller::risk);
    Ok((found.map(KsInstaller::into_replaced), risk))
}

/// The controller of ksi, if it runs.
///
/// # Errors
/// The cluster cannot be read.
pub(super) async fn controller(target: &ClusterTarget) -> Result<Option<ObjectId>, Error> {
    Ok(ks_installer::controller(target.cluster()).await?)
}

/// The risks of removing what a plan deletes from a host.
///
/// # Errors
/// The cluster cannot be read.
pub(super) async fn of_uninstall(target: &ClusterTarget, plan: &Plan) -> Result<Vec<Risk>, Error> {
    if !plan.has_writes() {
        return Ok(Vec::new());
    }
    let members = members::of(target.cluster()).await?;
    let risk = (!members.is_empty()).then_some(Risk::MembersLoseHost { members });
    Ok(risk.into_iter().collect())
}

/// The risks of what a plan deletes, on any target.
pub(super) fn of_deletions(plan: &Plan) -> Vec<Risk> {
    let deleted = || plan.changes.iter().filter(|change| change.action == Action::Delete);
    let consents = [Consent::DeleteCrds, Consent::DeleteData, Consent::DeleteNamespaces];
    let risks = consents.into_iter().map(|consent| {
        let objects = deleted().filter(|change| needed_consent(&change.id) == Some(consent));
        let cascading = if consent == Consent::DeleteData { 0 } else { plan.cascading.len() };
        let objects = objects.map(|change| change.id.clone()).collect();
        Risk::Deletion { consent, objects, cascading }
    });
    let is_any =
        |risk: &Risk| !matches!(risk, Risk::Deletion { objects, .. } if objects.is_empty());
    risks.filter(is_any).collect()
}

/// The consent without which an object is kept.
fn needed_consent(id: &ObjectId) -> Option<Consent> {
    let protected = rules().pruning.protected.iter().find(|known| known.kind.matches(id))?;
    Some(match protected.consent {
        DeletionConsent::DeleteCrds => Consent::DeleteCrds,
        DeletionConsent::DeleteData => Consent::DeleteData,
        DeletionConsent::DeleteNamespaces => Consent::DeleteNamespaces,
    })
}

#[cfg(test)]
mod tests;
