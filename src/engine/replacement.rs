//! Deletes what a run replaces, before its first write.

use super::options::Replaced;
use super::run::{Run, RunEnd};
use crate::plan::Change;
use crate::target::Target;

impl<T: Target> Run<'_, T> {
    /// Deletes it, and waits until its pods have ended: until then they may write. A run that ends before goes on
    /// from there the next time.
    pub(super) async fn replace(&self, replaced: &Replaced) {
        let Replaced { object, uid } = replaced;
        if let Err(error) = self.target.replace(object, uid).await {
            return self.end(RunEnd::Refused(error));
        }
        self.await_deletion(&[&Change::replaced(object)], true).await;
        self.note_time();
    }
}
