//! Which events are about the installation. Pure.

use std::collections::BTreeSet;

use super::{ALWAYS, CLUSTER_WIDE};
use crate::diagnose::{self, Event};
use crate::object::{ObjectId, Policy};
use crate::status::Installed;

/// What is ours.
#[derive(Debug)]
pub(super) struct Ours {
    objects: BTreeSet<ObjectId>,
    /// Namespaces that we made: everything in them counts.
    whole: BTreeSet<String>,
    namespaces: BTreeSet<String>,
}

impl Ours {
    /// What an installation has; of a single component only its objects and what they make.
    pub(super) fn new(installed: &Installed, all: bool) -> Self {
        let entries = installed.components.iter().flat_map(|part| &part.entries);
        let made = entries
            .filter(|e| all && e.id.kind == "Namespace" && e.policy != Policy::Patch)
            .map(|entry| entry.id.name.clone());
        let whole: BTreeSet<String> = made.collect();
        let objects: BTreeSet<ObjectId> = installed.ids().cloned().collect();
        let mut namespaces = installed.namespaces();
        namespaces.extend(whole.iter().cloned());
        namespaces.extend([ALWAYS, CLUSTER_WIDE].map(str::to_owned));
        Self { objects, whole, namespaces }
    }

    /// Where to look for events.
    pub(super) fn namespaces(&self) -> &BTreeSet<String> {
        &self.namespaces
    }

    /// Whether an event is about it: an object of ours, or what a workload of ours makes, whose name
    /// begins with the workload's.
    pub(super) fn has(&self, event: &Event) -> bool {
        let object = &event.object;
        if object.namespace.as_ref().is_some_and(|namespace| self.whole.contains(namespace)) {
            return true;
        }
        if self.objects.contains(object) {
            return true;
        }
        matches!(object.kind.as_str(), "Pod" | "ReplicaSet" | "Job")
            && self.objects.iter().any(|ours| {
                diagnose::is_workload(ours)
                    && ours.namespace == object.namespace
                    && object.name.strip_prefix(&ours.name).is_some_and(is_generated)
            })
    }
}

/// `-7d4b9c-x2k4p` of a pod, `-0` of one of a `StatefulSet`.
fn is_generated(rest: &str) -> bool {
    let parts: Vec<&str> = rest.split('-').skip(1).collect();
    rest.starts_with('-')
        && (1..=2).contains(&parts.len())
        && parts.iter().all(|part| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
                // Generated names have no vowels.
                && !part.bytes().any(|b| b"aeiou".contains(&b))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::status::testing::{deployment, installed};

    fn about(kind: &str, namespace: &str, name: &str) -> Event {
        Event::of(&json!({"involvedObject": {
            "kind": kind, "namespace": namespace, "name": name,
            "apiVersion": if kind == "Pod" { "v1" } else { "apps/v1" },
        }}))
        .unwrap()
    }

    #[test]
    fn of_our_objects_and_what_they_make() {
        let ours = Ours::new(&installed(&[deployment("tower")]), true);
        assert!(ours.has(&about("Deployment", "a", "tower")));
        assert!(ours.has(&about("ReplicaSet", "a", "tower-7d4b9c")));
        assert!(ours.has(&about("Pod", "a", "tower-7d4b9c-x2k4p")));
        assert!(!ours.has(&about("Pod", "a", "tower-agent-7d4b9c-x2k4p")));
        assert!(!ours.has(&about("Pod", "b", "tower-7d4b9c-x2k4p")));
        assert!(!ours.has(&about("Pod", "a", "towers-0")));
        let names: Vec<_> = ours.namespaces().iter().collect();
        assert_eq!(names, ["a", "default", "kubesphere-system"]);
    }

    #[test]
    fn of_everything_in_namespaces_that_we_made() {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}});
        let installed = installed(&[namespace]);
        assert!(Ours::new(&installed, true).has(&about("Pod", "n", "anything")));
        assert!(!Ours::new(&installed, false).has(&about("Pod", "n", "anything")));
    }
}
