//! What a caller asks for.

use std::collections::BTreeSet;

use super::consent::Consents;
use super::prepared::Prepared;
use crate::object::ObjectId;

/// What is to be applied, and how.
#[derive(Debug)]
pub struct ApplyRequest<'p> {
    /// The configuration.
    pub prepared: &'p Prepared,
    /// What may be deleted when it is no longer wanted. Other consents matter only when it is executed.
    pub consents: Consents,
    /// The only components that are touched; all where it is empty.
    pub components: Vec<String>,
    /// Take every field from whoever owns it.
    pub force_conflicts: bool,
    /// Fields that are taken from whoever owns them, as a conflict names them.
    pub take: Vec<String>,
    /// Take back the fields of ksi that others took, but for those of these objects; `None` takes none back.
    pub take_back: Option<BTreeSet<ObjectId>>,
    /// Wait until everything is healthy.
    pub wait: bool,
    /// Stop waiting for an object when it is certain that waiting does not help.
    pub fail_fast: bool,
    /// Nothing will be executed.
    pub dry_run: Option<DryRun>,
    /// Preflight checks that are left out.
    pub skip_checks: Vec<String>,
    /// How many configurations the history keeps.
    pub history_max: usize,
}

/// Who is asked what would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DryRun {
    /// The API server only about what is there already.
    Client,
    /// The API server about everything.
    Server,
}
