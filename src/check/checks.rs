//! The table of all checks, one file per category.

mod admission;
mod api;
mod capacity;
mod certificates;
mod components;
mod configuration;
mod definitions;
mod federation;
mod images;
mod leftovers;
mod network;
mod nodes;
mod own;
mod pods;
mod rights;
mod secrets;
mod storage;
mod tower;

use super::Check;

pub use images::AVAILABLE;
pub(super) use rights::CATEGORY as PERMISSIONS;

const TABLE: &[&[Check]] = &[
    api::CHECKS,
    rights::CHECKS,
    nodes::CHECKS,
    capacity::CHECKS,
    storage::CHECKS,
    network::CHECKS,
    images::CHECKS,
    leftovers::CHECKS,
    definitions::CHECKS,
    admission::CHECKS,
    configuration::CHECKS,
    secrets::CHECKS,
    components::CHECKS,
    pods::CHECKS,
    certificates::CHECKS,
    tower::CHECKS,
    federation::CHECKS,
    own::CHECKS,
];

/// All checks in the order in which they are shown.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    TABLE.iter().flat_map(|checks| checks.iter())
}
