//! Kinds that this run made a moment ago.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Write;
use crate::object::{ObjectId, defined_kind};

/// An API server keeps whoever creates an object of a kind waiting for two seconds, while the kind was
/// established less than two seconds ago (`customresource_handler.go` of Kubernetes). This counts from the
/// write of its definition: to be established may take the rest.
const RECENT: Duration = Duration::from_secs(10);

/// When a kind was made, by group and name.
#[derive(Debug, Default)]
pub(super) struct RecentKinds(Mutex<BTreeMap<(String, String), Instant>>);

impl RecentKinds {
    /// Remembers a write that made a kind.
    pub(super) fn note(&self, write: Write<'_>) {
        if let Some((group, kind)) = defined_kind(write.body).filter(|_| write.create) {
            let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kinds.insert((group.to_owned(), kind.to_owned()), Instant::now());
        }
    }

    /// Whether the kind of an object was made a moment ago.
    pub(super) fn is_recent(&self, id: &ObjectId) -> bool {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let made = kinds.get(&(id.group.clone(), id.kind.clone()));
        made.is_some_and(|made| made.elapsed() < RECENT)
    }
}
