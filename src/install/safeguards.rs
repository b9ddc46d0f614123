//! What a plan would break, as data. [`unconfirmed`] returns the risks without consent.

mod ks_installer;
mod members;
mod risk;
mod role;

use super::consent::{Consent, Consents};
use super::error::Error;
use super::prepared::Prepared;
use crate::config::Role;
use crate::engine::Planned;
use crate::object::{DeletionConsent, ObjectId, rules};
use crate::plan::{Action, Plan};
use crate::target::ClusterTarget;
pub(super) use ks_installer::delete as delete_ks_installer;
pub use risk::Risk;
use role::{RoleChange, changes_jwt_secret, installed_role};

/// The risks without consent.
pub fn unconfirmed<'r>(risks: &'r [Risk], consents: &Consents) -> Vec<&'r Risk> {
    risks.iter().filter(|risk| !consents.include(risk.consent())).collect()
}

/// The risks of an apply on a cluster.
///
/// # Errors
/// The cluster cannot be read.
pub(super) async fn of_apply(
    target: &ClusterTarget,
    planned: &Planned,
    prepared: &Prepared,
) -> Result<Vec<Risk>, Error> {
    let before = installed_role(&planned.observed);
    let change = RoleChange { before, after: prepared.configuration.role() };
    let jwt_secret = changes_jwt_secret(&prepared.configuration, &planned.stored);
    let members = match before {
        Some(Role::Host) if change.is_one() || jwt_secret => members::of(target.cluster()).await?,
        _ => Vec::new(),
    };
    let mut risks = change.risks(jwt_secret, members);
    let installer =
        ks_installer::find(target.cluster(), planned.observed.inventory.as_ref()).await?;
    risks.extend(installer);
    Ok(risks)
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
