//! Kinds that this run has just created.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Write;
use crate::object::{ObjectId, defined_kind};

/// An API server delays a create of an object by two seconds if its kind was established less than two seconds
/// ago (`customresource_handler.go` of Kubernetes). This counts from the write of the CRD, and so includes the
/// time until it is established.
const RECENT: Duration = Duration::from_secs(10);

/// When each kind was created, by group and name.
#[derive(Debug, Default)]
pub(super) struct RecentKinds(Mutex<BTreeMap<(String, String), Instant>>);

impl RecentKinds {
    /// Records a write that created a CRD.
    pub(super) fn note(&self, write: Write<'_>) {
        if let Some((group, kind)) = defined_kind(write.body).filter(|_| write.create) {
            let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kinds.insert((group.to_owned(), kind.to_owned()), Instant::now());
        }
    }

    /// Whether the kind of an object is recent.
    pub(super) fn is_recent(&self, id: &ObjectId) -> bool {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let made = kinds.get(&(id.group.clone(), id.kind.clone()));
        made.is_some_and(|made| made.elapsed() < RECENT)
    }
}
