//! The options of a plan and its run.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Graph;
use crate::inventory::Inventory;
use crate::object::ObjectId;
use crate::plan::PlanOptions;

/// The options of a plan and its run.
#[derive(Debug, Clone)]
pub struct Options {
    /// How to plan, and what the user consented to.
    pub plan: PlanOptions,
    /// The first inventory of a new target: empty, with a new key and this version.
    pub blank: Inventory,
    /// The dependencies between components.
    pub graph: Graph,
    /// What the run waits for.
    pub wait: Wait,
    /// The inventory of an installation that ksi has not recorded, if the target has no inventory.
    pub assumed: Option<Inventory>,
    /// Who runs it, for the record; `None` on a target with only one user.
    pub runner: Option<Runner>,
    /// The components to apply; `None` for all.
    pub only: Option<BTreeSet<String>>,
    /// What the run replaces: deleted under the lock and before the first write, and awaited.
    pub replaced: Option<Replaced>,
}

/// A workload of others that would revert what a run writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The workload.
    pub object: ObjectId,
    /// The uid of the one that was found. A new one of the same name stays.
    pub uid: String,
}

impl Options {
    /// Options without any consent: to apply all components and wait for their health.
    pub fn new(blank: Inventory, graph: Graph) -> Self {
        Self {
            plan: PlanOptions::default(),
            blank,
            graph,
            wait: Wait::default(),
            assumed: None,
            runner: None,
            only: None,
            replaced: None,
        }
    }

    /// Whether a component is selected.
    pub(super) fn touches(&self, component: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(component))
    }
}

/// Who runs it, and a clock for the record.
#[derive(Debug, Clone)]
pub struct Runner {
    /// `user@host`.
    pub by: String,
    /// The time now, RFC 3339.
    pub now: fn() -> String,
}

/// What a run waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Whether each stage must be healthy before the next one. Otherwise the run waits only for new kinds,
    /// and writes webhooks last.
    pub health: bool,
    /// How long the whole run may take.
    pub timeout: Duration,
    /// Whether the wait for an object ends when it is certain that waiting does not help.
    pub fail_fast: bool,
}

impl Default for Wait {
    fn default() -> Self {
        Self { health: true, timeout: Duration::from_secs(15 * 60), fail_fast: true }
    }
}
