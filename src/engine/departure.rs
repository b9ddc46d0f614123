//! Objects that are wanted and that are being deleted: they are made anew when they are gone.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::remains::{held_by, still_there};
use super::run::{Over, Run};
use super::wait::DIAGNOSIS;
use crate::object::{ObjectId, is_terminating};
use crate::plan::{Action, Change};
use crate::target::Target;

/// How often it is looked again whether something is gone.
const LOOK: Duration = Duration::from_secs(1);

impl<T: Target> Run<'_, T> {
    /// Waits until an object is gone if it was being deleted when it was looked at. Otherwise it was
    /// told what holds it up.
    pub(super) async fn is_clear(&self, change: &Change) -> bool {
        // What is only taken off an object that goes, goes with it.
        let observed = self.planned.observed.objects.get(&change.id);
        let is_made = change.action == Action::Create;
        if !self.runs || !is_made || !observed.is_some_and(is_terminating) {
            return true;
        }
        let ids = [change.id.clone()];
        let mut told = BTreeMap::new();
        loop {
            let live = match self.unless_over(self.target.live(&ids)).await {
                Some(Ok(mut live)) => live.remove(&change.id),
                Some(Err(error)) => {
                    self.fail(&change.id, error);
                    return false;
                }
                None => break,
            };
            let Some(live) = live.filter(is_terminating) else { return true };
            let reason = self.departure(&change.id, &live).await;
            self.awaits(&change.component, &change.id, reason, &mut told);
            let changed = async {
                tokio::select! {
                    () = self.target.changed(&ids) => {}
                    () = sleep(LOOK) => {}
                }
            };
            if self.unless_over(changed).await.is_none() {
                break;
            }
        }
        self.tell_held(change).await;
        false
    }

    /// What is awaited, in the words of who knows more than the object itself.
    async fn departure(&self, id: &ObjectId, live: &Value) -> String {
        // A definition waits for objects that it does not name.
        if id.is_definition() {
            let found = self.unless_over(self.target.diagnose(id)).await.unwrap_or_default();
            if let Some(finding) = found.into_iter().next() {
                return self.scrub(&finding.message);
            }
        }
        let serving = self.serving(std::iter::once(live)).await;
        match held_by(live, &serving) {
            Some(names) => format!("is being deleted: waits for {names}"),
            None => "is being deleted".to_owned(),
        }
    }

    async fn tell_held(&self, change: &Change) {
        if matches!(self.over(), Some(Over::Interrupted | Over::Refused(_))) {
            return;
        }
        let found = timeout(DIAGNOSIS, self.target.diagnose(&change.id)).await.unwrap_or_default();
        let finding = found.into_iter().next().unwrap_or_else(|| still_there(&change.id, None));
        self.trouble.borrow_mut().remaining.push((change.id.clone(), finding.message.clone()));
        self.say_finding(&change.component, finding);
    }
}
