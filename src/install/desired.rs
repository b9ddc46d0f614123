//! From a configuration to manifests: values first, then templates.

use std::time::SystemTime;

use super::error::Error;
use super::known_values::{KnownValues, given};
use super::prepared::Prepared;
use crate::config::{Configuration, KUBESPHERE_VERSION};
use crate::engine::{Desired, Graph};
use crate::facts::Facts;
use crate::inventory::{Inventory, Key};
use crate::object::Object;
use crate::render;
use crate::target::{SystemEntropy, Target};
use crate::values::{self, Entropy as _, StoredValues, Values};

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
    let known = KnownValues::read(target, prepared).await?;
    Ok(with_placeholders(prepared, &known)?.objects)
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

/// What is wanted, from known values; what has to be generated is a placeholder.
pub(super) fn with_placeholders(
    prepared: &Prepared,
    known: &KnownValues,
) -> Result<Desired, Error> {
    let given = known.given(prepared)?;
    let values = values::resolve_without_generating(&given, &known.all, SystemTime::now())?;
    let objects = render(&prepared.configuration, &prepared.facts, &values)?;
    Ok(desired(prepared, objects, known.stored.clone()))
}

/// What is wanted, from known values and those that are generated now. A run of some components stores only the
/// values that these contain.
pub(super) fn with_values(
    prepared: &Prepared,
    known: &KnownValues,
    components: &[String],
) -> Result<Desired, Error> {
    let given = known.given(prepared)?;
    let (values, mut all) =
        values::resolve(&given, &known.all, &mut SystemEntropy, SystemTime::now())?;
    let objects = render(&prepared.configuration, &prepared.facts, &values)?;
    if !components.is_empty() {
        let chosen = render::components().iter().filter(|c| components.contains(&c.name));
        let names = chosen.flat_map(|component| &component.values).map(String::as_str).collect();
        all = all.only(&names, &known.stored);
    }
    Ok(desired(prepared, objects, all))
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
