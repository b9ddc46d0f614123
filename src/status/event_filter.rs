//! Which workloads, pods and events belong to an installation. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::Error;
use super::installed::{Installed, NAMESPACE};
use super::snapshot::Snapshot;
use crate::diagnose::{self, Event};
use crate::health;
use crate::object::{ObjectId, Policy};

/// Where Kubernetes stores events of objects without a namespace.
const CLUSTER_SCOPED: &str = "default";

impl Snapshot {
    /// Those of some objects that run pods, as they are in the cluster.
    pub fn workloads<'i>(&self, ids: impl Iterator<Item = &'i ObjectId>) -> Vec<&Value> {
        ids.filter(|id| diagnose::is_workload(id)).filter_map(|id| self.objects.get(id)).collect()
    }

    /// The pods of these workloads.
    pub fn pods_of<'i>(&self, ids: impl Iterator<Item = &'i ObjectId>) -> Vec<&Value> {
        let workloads = self.workloads(ids);
        let selected = |pod: &&Value| workloads.iter().any(|w| health::selects(w, pod));
        self.pods.values().filter(selected).collect()
    }
}

/// Tells the events of an installation from others.
#[derive(Debug)]
pub(super) struct EventFilter {
    objects: BTreeSet<ObjectId>,
    /// Namespaces that ksi created: everything in them counts.
    whole: BTreeSet<String>,
    namespaces: BTreeSet<String>,
}

impl EventFilter {
    /// Everything that was installed; or of one component only its objects and what they create.
    ///
    /// # Errors
    /// The component is not installed.
    pub(super) fn new(installed: Installed, component: Option<&str>) -> Result<Self, Error> {
        let all = component.is_none();
        let installed = installed.only(component)?;
        let entries = installed.components.iter().flat_map(|component| &component.entries);
        let created = entries
            .filter(|e| all && e.id.kind == "Namespace" && e.policy != Policy::Patch)
            .map(|entry| entry.id.name.clone());
        let whole: BTreeSet<String> = created.collect();
        let objects: BTreeSet<ObjectId> = installed.ids().cloned().collect();
        let mut namespaces = installed.namespaces();
        namespaces.extend(whole.iter().cloned());
        // Events about ksi's own records, even where nothing else is.
        namespaces.extend([NAMESPACE, CLUSTER_SCOPED].map(str::to_owned));
        Ok(Self { objects, whole, namespaces })
    }

    /// The namespaces that may hold its events.
    pub(super) fn namespaces(&self) -> &BTreeSet<String> {
        &self.namespaces
    }

    /// Whether an event is about it: an object of its own, or what one of its workloads creates, whose
    /// name begins with the workload's.
    pub(super) fn includes(&self, event: &Event) -> bool {
        let object = &event.object;
        if object.namespace.as_ref().is_some_and(|namespace| self.whole.contains(namespace)) {
            return true;
        }
        if self.objects.contains(object) {
            return true;
        }
        matches!(object.kind.as_str(), "Pod" | "ReplicaSet" | "Job")
            && self.objects.iter().any(|owned| {
                diagnose::is_workload(owned)
                    && owned.namespace == object.namespace
                    && object.name.strip_prefix(&owned.name).is_some_and(is_generated)
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
    fn events_of_our_objects_and_of_what_they_create() {
        let filter = EventFilter::new(installed(&[deployment("tower")]), None).unwrap();
        assert!(filter.includes(&about("Deployment", "a", "tower")));
        assert!(filter.includes(&about("ReplicaSet", "a", "tower-7d4b9c")));
        assert!(filter.includes(&about("Pod", "a", "tower-7d4b9c-x2k4p")));
        assert!(!filter.includes(&about("Pod", "a", "tower-agent-7d4b9c-x2k4p")));
        assert!(!filter.includes(&about("Pod", "b", "tower-7d4b9c-x2k4p")));
        assert!(!filter.includes(&about("Pod", "a", "towers-0")));
        let names: Vec<_> = filter.namespaces().iter().collect();
        assert_eq!(names, ["a", "default", "kubesphere-system"]);
    }

    #[test]
    fn events_of_everything_in_namespaces_that_ksi_created() {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}});
        let installed = installed(&[namespace]);
        let includes = |component: Option<&str>| {
            let filter = EventFilter::new(installed.clone(), component).unwrap();
            filter.includes(&about("Pod", "n", "anything"))
        };
        assert!(includes(None));
        assert!(!includes(Some("tower")));
    }
}
