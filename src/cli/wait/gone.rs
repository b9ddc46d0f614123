//! What is still there of what uninstalling removes. Pure.

use crate::cli::installed::Installed;
use crate::cli::live::Live;
use crate::object::{ObjectId, Policy, is_departing, rules};

/// The objects that are to go.
#[derive(Debug)]
pub(super) struct Gone(Vec<ObjectId>);

impl Gone {
    /// Everything but what uninstalling keeps: kinds that need a flag of their own, and what was never
    /// ours but for a label.
    pub(super) fn new(installed: &Installed) -> Self {
        let guarded = &rules().pruning.guarded;
        let entries = installed.components.iter().flat_map(|part| &part.entries);
        let goes = entries.filter(|entry| {
            entry.policy != Policy::Patch
                && !guarded.iter().any(|guard| guard.kind.matches(&entry.id))
        });
        Self(goes.map(|entry| entry.id.clone()).collect())
    }

    /// What of them is there, with what holds it up. What a user keeps by an annotation does not count.
    pub(super) fn there(&self, live: &Live) -> Vec<String> {
        let markers = &rules().pruning.keep_markers;
        let found = self.0.iter().filter_map(|id| Some((id, live.objects.get(id)?)));
        found
            .filter(|(_, body)| {
                let annotations = &body["metadata"]["annotations"];
                !markers.iter().any(|m| annotations[&m.annotation] == m.value.as_str())
            })
            .map(|(id, body)| {
                let finalizers = body["metadata"]["finalizers"].as_array();
                let names: Vec<&str> =
                    finalizers.into_iter().flatten().filter_map(|name| name.as_str()).collect();
                let leaves = is_departing(body);
                if leaves && !names.is_empty() {
                    format!("{id} (finalizer {})", names.join(", "))
                } else {
                    id.to_string()
                }
            })
            .collect()
    }
}

/// Some of them, one line.
pub(super) fn words(there: &[String]) -> String {
    const MOST: usize = 3;
    let mut first: Vec<String> = there.iter().take(MOST).cloned().collect();
    if there.len() > MOST {
        first.push(format!("and {} more", there.len() - MOST));
    }
    format!("the end of {}", first.join(", "))
}
