//! The images of a configuration.

mod availability;
mod missing;
mod report;

use super::error::Error;
use super::prepared::Prepared;
use crate::render::{self, Image};

pub use availability::{
    Availability, AvailabilityRequest, Row, State, availability, digests, nodes, prepare_on,
    pull_credentials,
};
pub use missing::{Missing, missing};
pub use report::{json, table};

/// The images that a configuration needs; with `all`, also those of components that it switches off.
///
/// # Errors
/// A list of images of ksi is broken.
pub fn images(prepared: &Prepared, all: bool) -> Result<Vec<Image>, Error> {
    render::images(&prepared.configuration, &prepared.facts, all).map_err(Error::Broken)
}

/// The same images where a configuration with this `local_registry` would look for them.
///
/// # Errors
/// A list of images of ksi is broken.
pub fn mirrored(prepared: &Prepared, registry: &str, all: bool) -> Result<Vec<Image>, Error> {
    let mut configuration = prepared.configuration.clone();
    configuration.local_registry = Some(registry.to_owned());
    render::images(&configuration, &prepared.facts, all).map_err(Error::Broken)
}
