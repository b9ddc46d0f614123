//! What the caller brings to a run.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Graph;
use crate::inventory::Inventory;
use crate::plan::PlanOptions;

/// What the caller brings to every review and every run.
#[derive(Debug, Clone)]
pub struct Options {
    /// What the user allowed.
    pub plan: PlanOptions,
    /// The inventory to begin with where there is none: empty, with a new key and this version.
    pub blank: Inventory,
    /// Which component waits for which.
    pub graph: Graph,
    /// What is waited for.
    pub wait: Wait,
    /// The only components that are touched; all where there is none.
    pub only: Option<BTreeSet<String>>,
}

impl Options {
    /// Whether a component may be touched.
    pub(super) fn touches(&self, component: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(component))
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Whether every stage has to be healthy before the next one. Without it only new kinds are waited
    /// for, and webhooks are written last.
    pub health: bool,
    /// How long the whole run may take.
    pub timeout: Duration,
}

impl Default for Wait {
    fn default() -> Self {
        Self { health: true, timeout: Duration::from_secs(15 * 60) }
    }
}
