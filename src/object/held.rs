//! Objects that cannot be deleted, because the controller of their finalizers is gone.

use std::fmt;

use serde_json::{Value, json};

use super::{Finalizers, ObjectId, PutFinalizers, federation, is_terminating, rules};

/// An object with finalizers of a controller: nobody removes them once the controller is gone, and then the
/// object can never be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The object.
    pub id: ObjectId,
    /// The Deployment of the controller.
    pub controller: ObjectId,
    /// The finalizers of the controller.
    pub finalizers: Vec<String>,
    /// Whether the object is being deleted already, and stuck.
    pub is_terminating: bool,
    /// Whether the controller removes them if it runs. It may not be configured for the kind of the object.
    pub is_handled: bool,
    /// Finalizers of others, which stay.
    others: Vec<String>,
    uid: Value,
    version: Value,
}

impl Held {
    /// The resources to list in order to find the objects with finalizers of these controllers.
    pub fn resources(controllers: &[ObjectId]) -> impl Iterator<Item = &'static str> {
        puts(controllers).map(|(_, put)| put.resource.as_str())
    }

    /// The resources whose objects say which kinds the controllers handle.
    pub fn configurations(controllers: &[ObjectId]) -> impl Iterator<Item = &'static str> {
        puts(controllers).filter_map(|(_, put)| put.configured_by.as_deref())
    }

    /// The objects with finalizers of these controllers among all objects of the above resources. Of
    /// configurations the whole object is needed, of others the metadata.
    pub fn among<'l>(
        controllers: &[ObjectId],
        listed: impl Fn(&str) -> Vec<&'l Value>,
    ) -> Vec<Self> {
        let held = puts(controllers).flat_map(|(known, put)| {
            let handled = put
                .configured_by
                .as_deref()
                .map(|resource| federation::handled(&listed(resource), &known.namespace));
            let objects = listed(&put.resource).into_iter();
            let held = objects.filter_map(|live| Self::of(live, known, put));
            let held = held.map(|mut held| {
                held.is_handled =
                    handled.as_ref().is_none_or(|kinds| kinds.contains(&held.id.kind));
                held
            });
            held.collect::<Vec<_>>()
        });
        held.collect()
    }

    /// A live object with finalizers that this controller puts there; `None` without any.
    pub fn of(live: &Value, known: &Finalizers, put: &PutFinalizers) -> Option<Self> {
        let metadata = &live["metadata"];
        let all = metadata["finalizers"].as_array()?.iter().filter_map(Value::as_str);
        let (finalizers, others): (Vec<String>, Vec<String>) =
            all.map(str::to_owned).partition(|name| put.names.contains(name));
        if finalizers.is_empty() {
            return None;
        }
        Some(Self {
            id: ObjectId::of(live)?,
            controller: known.controller(),
            finalizers,
            is_terminating: is_terminating(live),
            is_handled: true,
            others,
            uid: metadata["uid"].clone(),
            version: metadata["resourceVersion"].clone(),
        })
    }

    /// The finalizers of the controller, for messages.
    pub fn named(&self) -> String {
        let label = if self.finalizers.len() == 1 { "finalizer" } else { "finalizers" };
        format!("{label} {}", self.finalizers.join(", "))
    }

    /// The merge patch that removes the finalizers from this very state of the object.
    pub fn patch(&self) -> Value {
        json!({"metadata": {
            "uid": self.uid, "resourceVersion": self.version, "finalizers": self.others,
        }})
    }
}

/// What these controllers put.
fn puts(
    controllers: &[ObjectId],
) -> impl Iterator<Item = (&'static Finalizers, &'static PutFinalizers)> {
    let known = rules().finalizers.iter();
    let known = known.filter(|known| controllers.contains(&known.controller()));
    known.flat_map(|known| known.puts.iter().map(move |put| (known, put)))
}

/// `Namespace/shop: finalizer a/b of Deployment/n/c, terminating`
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, controller, .. } = self;
        let terminating = if self.is_terminating { ", terminating" } else { "" };
        write!(f, "{id}: {} of {controller}{terminating}", self.named())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::rules;

    fn held(finalizers: &Value) -> Option<Held> {
        let live = json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "a", "uid": "u", "resourceVersion": "7", "finalizers": finalizers},
        });
        let known = &rules().finalizers[0];
        Held::of(&live, known, &known.puts[0])
    }

    #[test]
    fn only_the_finalizers_of_the_controller_go() {
        let ours = "finalizers.kubesphere.io/namespaces";
        assert_eq!(held(&Value::Null), None);
        assert_eq!(held(&json!(["of/others", "finalizers.kubesphere.io/users"])), None);
        let held = held(&json!(["of/others", ours])).unwrap();
        assert_eq!(
            held.controller.to_string(),
            "Deployment/kubesphere-system/ks-controller-manager"
        );
        assert_eq!(held.finalizers, [ours]);
        let metadata = &held.patch()["metadata"];
        assert_eq!(metadata["finalizers"], json!(["of/others"]));
        assert_eq!((&metadata["uid"], &metadata["resourceVersion"]), (&json!("u"), &json!("7")));
    }
}
