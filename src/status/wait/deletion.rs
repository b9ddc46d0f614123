//! What still exists of what uninstalling removes. Pure.

use crate::object::{ObjectId, Policy, is_terminating, rules};
use crate::status::installed::Installed;
use crate::status::snapshot::Snapshot;

/// The objects that uninstalling removes.
#[derive(Debug)]
pub(super) struct Deletion(Vec<ObjectId>);

impl Deletion {
    /// Everything but what uninstalling keeps: kinds that need a confirmation of their own, and what was
    /// never ours but for a label.
    pub(super) fn of(installed: &Installed) -> Self {
        let protected = &rules().pruning.protected;
        let entries = installed.components.iter().flat_map(|part| &part.entries);
        let removed = entries.filter(|entry| {
            entry.policy != Policy::Patch
                && !entry.kept
                && !protected.iter().any(|known| known.kind.matches(&entry.id))
        });
        Self(removed.map(|entry| entry.id.clone()).collect())
    }

    /// Those that still exist, with what holds them up. What a user keeps by an annotation does not count.
    pub(super) fn remaining(&self, snapshot: &Snapshot) -> Vec<String> {
        let markers = &rules().pruning.keep_markers;
        let found = self.0.iter().filter_map(|id| Some((id, snapshot.objects.get(id)?)));
        found
            .filter(|(_, body)| {
                let annotations = &body["metadata"]["annotations"];
                !markers.iter().any(|m| annotations[&m.annotation] == m.value.as_str())
            })
            .map(|(id, body)| {
                let finalizers = body["metadata"]["finalizers"].as_array();
                let names: Vec<&str> =
                    finalizers.into_iter().flatten().filter_map(|name| name.as_str()).collect();
                if is_terminating(body) && !names.is_empty() {
                    format!("{id} (finalizer {})", names.join(", "))
                } else {
                    id.to_string()
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::status::testing::{deployment, installed, service};

    #[test]
    fn what_a_user_keeps_is_not_awaited() {
        let mut kept = service("kept");
        let marker = &rules().pruning.keep_markers[0];
        kept["metadata"]["annotations"] = json!({&marker.annotation: marker.value.as_str()});
        let mut held = deployment("held");
        held["metadata"]["deletionTimestamp"] = json!("2026-11-21T16:20:00Z");
        held["metadata"]["finalizers"] = json!(["a/b"]);
        let deletion = Deletion::of(&installed(&[kept.clone(), held.clone()]));
        let mut snapshot = Snapshot::default();
        assert!(deletion.remaining(&snapshot).is_empty());
        for body in [kept, held] {
            snapshot.objects.insert(ObjectId::of(&body).unwrap(), body);
        }
        assert_eq!(deletion.remaining(&snapshot), ["Deployment/a/held (finalizer a/b)"]);
    }
}
