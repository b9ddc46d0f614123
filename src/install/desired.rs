//! From a configuration to manifests: values first, then templates.

use std::time::SystemTime;

use super::error::Error;
use super::prepared::Prepared;
use crate::config::{Configuration, KUBESPHERE_VERSION, Role};
use crate::engine::{Desired, Graph};
use crate::facts::Facts;
use crate::inventory::{Inventory, Key};
use crate::object::Object;
use crate::render;
use crate::target::{SystemEntropy, Target};
use crate::values::{self, Entropy as _, Given, StoredValues, Values};

/// The manifests without any target: what only an installation generates is a placeholder.
///
/// # Errors
/// A template of ksi is broken.
pub fn offline(prepared: &Prepared) -> Result<Vec<Object>, Error> {
    sketch(&prepared.configuration, &prepared.facts)
}

/// The manifests from what a target stores; what it does not store yet is a placeholder.
///
/// # Errors
/// The target cannot be read, a stored value is broken, or a template of ksi is broken.
pub async fn on_target<T: Target>(target: &T, prepared: &Prepared) -> Result<Vec<Object>, Error> {
    let stored = target.values().await?;
    Ok(with_placeholders(prepared, &stored)?.objects)
}

/// Which component waits for which.
pub(super) fn graph() -> Graph {
    render::components().iter().map(|c| (c.name.clone(), c.needs.clone())).collect()
}

/// The inventory to begin with where nothing is recorded yet, with a key of its own.
pub(super) fn new_inventory() -> Result<Inventory, Error> {
    let mut key = [0; 32];
    SystemEntropy.fill(&mut key).map_err(|error| Error::Randomness(error.to_string()))?;
    Ok(Inventory::new(Key::new(key), env!("CARGO_PKG_VERSION")))
}

/// An inventory that is never stored needs no secret key.
pub(super) fn unstored_inventory() -> Inventory {
    Inventory::new(Key::new([0; 32]), env!("CARGO_PKG_VERSION"))
}

/// The manifests with a placeholder for every generated value: what kinds, names and ports there are.
pub(super) fn sketch(configuration: &Configuration, facts: &Facts) -> Result<Vec<Object>, Error> {
    render(configuration, facts, &values::preview(&given(configuration)))
}

/// What is wanted, from stored values; what is not stored yet is a placeholder.
pub(super) fn with_placeholders(
    prepared: &Prepared,
    stored: &StoredValues,
) -> Result<Desired, Error> {
    let values = values::resolve_without_generating(
        &given(&prepared.configuration),
        stored,
        SystemTime::now(),
    )?;
    let objects = render(&prepared.configuration, &prepared.facts, &values)?;
    Ok(desired(prepared, objects, stored.clone()))
}

/// What is wanted, from stored values and those that are generated now.
pub(super) fn with_values(prepared: &Prepared, stored: &StoredValues) -> Result<Desired, Error> {
    let given = given(&prepared.configuration);
    let by_reference = prepared.configuration.authentication.jwt_secret_ref.is_some();
    if by_reference && given.jwt_secret.is_none() {
        return Err(Error::SecretRefWithoutCluster);
    }
    let (values, all) = values::resolve(&given, stored, &mut SystemEntropy, SystemTime::now())?;
    let objects = render(&prepared.configuration, &prepared.facts, &values)?;
    Ok(desired(prepared, objects, all))
}

/// What the configuration says about values.
fn given(configuration: &Configuration) -> Given<'_> {
    let host = configuration.role() == Role::Host;
    let multicluster = &configuration.multicluster;
    Given {
        jwt_secret: configuration.authentication.jwt_secret.as_deref(),
        admin_password: configuration.authentication.admin_password.as_deref(),
        tower: host && multicluster.tower.ca.secret_name.is_none(),
        kubefed: host && multicluster.kubefed.enabled,
    }
}

fn render(
    configuration: &Configuration,
    facts: &Facts,
    values: &Values,
) -> Result<Vec<Object>, Error> {
    let input = render::Input { configuration, facts, values, version: KUBESPHERE_VERSION };
    render::render(&input).map_err(Error::Broken)
}

fn desired(prepared: &Prepared, objects: Vec<Object>, values: StoredValues) -> Desired {
    Desired { objects, values, spec_hash: prepared.configuration.hash() }
}
