//! What is recorded of a run, whether or not it reached its end.

use super::run::Run;
use crate::inventory::Inventory;
use crate::plan::Action;
use crate::target::Target;

impl<T: Target> Run<'_, T> {
    /// What is ours now: what was written with what the place told of it, what was not as it was
    /// announced, and what could not be removed.
    pub(super) fn recorded(&self, complete: bool) -> Inventory {
        let planned = self.planned;
        let mut recorded = planned.result.clone();
        let (written, deleted) = (self.written.borrow(), self.deleted.borrow());
        for change in &planned.plan.changes {
            let id = &change.id;
            let as_before = match change.action {
                Action::Delete => !deleted.contains(id),
                _ => change.is_write() && !written.contains_key(id),
            };
            if as_before {
                match planned.intent.get(id) {
                    Some(entry) => recorded.insert(entry.clone()),
                    None => {
                        recorded.remove(id);
                    }
                }
            } else if let Some((told, entry)) = written.get(id).zip(recorded.get(id)) {
                let mut entry = entry.clone();
                entry.uid = told.uid.clone().or(entry.uid);
                let owned = told.live.as_ref().and_then(|live| recorded.owned(entry.policy, live));
                entry.owned = owned.or(entry.owned);
                recorded.insert(entry);
            }
        }
        if !complete {
            recorded.spec_hash.clone_from(&planned.intent.spec_hash);
        }
        recorded
    }
}
