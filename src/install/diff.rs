//! What would change, without the intent to change it.

use super::consent::Consents;
use super::desired::{graph, offline, unstored_inventory, with_placeholders};
use super::error::Error;
use super::installed;
use super::known_values::KnownValues;
use super::prepared::Prepared;
use super::session::Session;
use crate::diagnostic::Diagnostics;
use crate::engine::{self, Options};
use crate::plan::{self, Observed, Plan, PlanOptions};
use crate::target::Target;

/// Against a place where nothing is.
///
/// # Errors
/// A template of ksi is broken.
pub fn against_nothing(prepared: &Prepared) -> Result<Plan, Error> {
    Ok(plan::plan(&offline(prepared)?, &Observed::default()))
}

/// Against what another configuration would install. Both sides are rendered alike, so that only the
/// configurations differ; everything of the old side counts as ours.
///
/// # Errors
/// A template of ksi is broken.
pub fn against_configuration(
    prepared: &Prepared,
    old: &Prepared,
    consents: &Consents,
) -> Result<Plan, Error> {
    let before = offline(old)?;
    let mut inventory = unstored_inventory();
    for object in &before {
        let entry = inventory.entry(object, None);
        inventory.insert(entry);
    }
    let objects = before.into_iter().map(|object| (object.id, object.body)).collect();
    let observed = Observed { objects, inventory: Some(inventory), ..Observed::default() };
    Ok(plan::plan_with(&offline(prepared)?, &observed, &options(consents)))
}

/// Against what a target holds, and what of the configuration has no effect there.
///
/// # Errors
/// The target cannot be read, the manifests cannot be made, or the configuration cannot be applied to what is
/// installed.
pub async fn against_target<T: Target>(
    session: &Session<T>,
    prepared: &Prepared,
    consents: &Consents,
) -> Result<(Plan, Diagnostics), Error> {
    let options =
        Options { plan: options(consents), ..Options::new(unstored_inventory(), graph()) };
    let target = session.target();
    let known = KnownValues::read(target, prepared).await?;
    let desired = with_placeholders(prepared, &known)?;
    let planned = engine::plan(target, known.stored.clone(), desired, &options).await?;
    let warnings = installed::check(session, &planned, prepared, &known).await?;
    Ok((planned.plan, warnings))
}

fn options(consents: &Consents) -> PlanOptions {
    let (prune, names) = (consents.prune_options(), consents.names());
    PlanOptions { prune, names, ..PlanOptions::default() }
}
