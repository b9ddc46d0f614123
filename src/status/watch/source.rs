//! One watch: what it has reported, and whether it is connected. Pure.

use std::collections::BTreeSet;

use crate::cluster::Change;
use crate::object::ObjectId;
use crate::status::snapshot::{Group, Snapshot};

/// The state of one watch.
#[derive(Debug)]
pub(super) struct Source {
    objects: Objects,
    /// What it has reported since it was connected, until it has reported everything once. What it has
    /// not reported by then is gone.
    listed: Option<BTreeSet<ObjectId>>,
    /// Why it is not connected.
    error: Option<String>,
}

/// What a watch is for.
#[derive(Debug)]
enum Objects {
    /// These objects.
    Named(BTreeSet<ObjectId>),
    /// All pods of a namespace.
    Pods(String),
}

impl Source {
    pub(super) fn of_objects(group: &Group) -> Self {
        Self::of(Objects::Named(group.ids.clone()))
    }

    pub(super) fn of_pods(namespace: String) -> Self {
        Self::of(Objects::Pods(namespace))
    }

    fn of(objects: Objects) -> Self {
        Self { objects, listed: Some(BTreeSet::new()), error: None }
    }

    /// Why it is not connected: what it has reported may be out of date.
    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Takes a change over into the snapshot.
    pub(super) fn take(&mut self, change: Change, snapshot: &mut Snapshot) {
        let objects = match self.objects {
            Objects::Named(_) => &mut snapshot.objects,
            Objects::Pods(_) => &mut snapshot.pods,
        };
        match change {
            Change::Applied(body) => {
                let Some(id) = ObjectId::of(&body) else { return };
                if let Some(listed) = &mut self.listed {
                    listed.insert(id.clone());
                }
                if self.objects.contain(&id) {
                    objects.insert(id, body);
                }
            }
            Change::Deleted(body) => {
                if let Some(id) = ObjectId::of(&body) {
                    objects.remove(&id);
                }
            }
            Change::Complete => {
                self.error = None;
                if let Some(listed) = self.listed.take() {
                    objects.retain(|id, _| !self.objects.contain(id) || listed.contains(id));
                }
            }
            Change::Interrupted(error) => {
                self.listed = Some(BTreeSet::new());
                self.error = Some(error);
            }
        }
    }
}

impl Objects {
    fn contain(&self, id: &ObjectId) -> bool {
        match self {
            Self::Named(ids) => ids.contains(id),
            Self::Pods(namespace) => id.namespace.as_ref() == Some(namespace),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::status::snapshot::groups;
    use crate::status::testing::{deployment, service};

    fn source(body: &Value) -> Source {
        let id = ObjectId::of(body).unwrap();
        Source::of_objects(&groups([&id].into_iter())[0])
    }

    #[test]
    fn a_broken_watch_stays_broken_while_another_one_is_well() {
        let (mut one, mut other) = (source(&deployment("a")), source(&service("b")));
        let mut snapshot = Snapshot::default();
        one.take(Change::Complete, &mut snapshot);
        one.take(Change::Interrupted("reset".to_owned()), &mut snapshot);
        other.take(Change::Applied(service("b")), &mut snapshot);
        other.take(Change::Complete, &mut snapshot);
        assert_eq!((one.error(), other.error()), (Some("reset"), None));
        one.take(Change::Applied(deployment("a")), &mut snapshot);
        assert!(one.error().is_some(), "not everything is known again");
        one.take(Change::Complete, &mut snapshot);
        assert_eq!(one.error(), None);
    }

    #[test]
    fn what_was_deleted_while_a_watch_was_broken_is_gone() {
        let mut source = source(&deployment("a"));
        let mut snapshot = Snapshot::default();
        source.take(Change::Applied(deployment("a")), &mut snapshot);
        source.take(Change::Applied(deployment("not-ours")), &mut snapshot);
        source.take(Change::Complete, &mut snapshot);
        assert_eq!(snapshot.objects.len(), 1);
        source.take(Change::Interrupted("reset".to_owned()), &mut snapshot);
        assert_eq!(snapshot.objects.len(), 1);
        source.take(Change::Complete, &mut snapshot);
        assert!(snapshot.objects.is_empty());
    }

    #[test]
    fn pods_of_other_namespaces_are_left_to_other_watches() {
        let pod = |namespace: &str| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": namespace}});
        let mut snapshot = Snapshot::default();
        let mut sources = ["a", "b"].map(|namespace| Source::of_pods(namespace.to_owned()));
        for (source, namespace) in sources.iter_mut().zip(["a", "b"]) {
            source.take(Change::Applied(pod(namespace)), &mut snapshot);
            source.take(Change::Complete, &mut snapshot);
        }
        assert_eq!(snapshot.pods.len(), 2);
        sources[0].take(Change::Deleted(pod("a")), &mut snapshot);
        assert_eq!(snapshot.pods.len(), 1);
    }
}
