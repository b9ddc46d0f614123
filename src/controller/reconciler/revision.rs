//! The revision of what was applied last.

use super::super::notice::Notice;
use super::{Notify, Reconciler};
use crate::install::history;

impl Reconciler<'_> {
    /// Reads it if it is not known yet. Returns whether it has to be tried again.
    pub(super) async fn read_revision(&mut self, notify: Notify<'_>) -> bool {
        if !self.needs_revision {
            return false;
        }
        match history::list(&self.cluster.session()).await {
            Ok(revisions) => {
                let last = revisions.iter().rev().find(|revision| revision.is_applied());
                if let Some(applied) = self.state.as_mut().and_then(|state| state.applied.as_mut())
                {
                    applied.revision = last.map(|revision| revision.number);
                }
                self.needs_revision = false;
            }
            Err(error) => {
                notify(Notice::Warning(format!(
                    "the number of the revision is not known: {error}"
                )));
            }
        }
        self.needs_revision
    }
}
