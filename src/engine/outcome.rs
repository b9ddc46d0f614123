//! The inventory after a run, complete or not.

use super::run::Run;
use crate::inventory::Inventory;
use crate::plan::Action;
use crate::target::Target;

impl<T: Target> Run<'_, T> {
    /// The inventory to record: written objects with their uid and owned fields, the others as they were in
    /// the intent, and those that could not be deleted.
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
            } else if let Some((write, entry)) = written.get(id).zip(recorded.get(id)) {
                let mut entry = entry.clone();
                entry.uid = write.uid.clone().or(entry.uid);
                if let Some(live) = &write.live {
                    entry.note(&recorded, live);
                }
                recorded.insert(entry);
            }
        }
        if !complete {
            recorded.spec_hash.clone_from(&planned.intent.spec_hash);
        }
        recorded
    }
}
