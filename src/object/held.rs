//! Objects that cannot be deleted, because the controller of their finalizers is gone.

use std::fmt;

use serde_json::{Value, json};

use super::{Finalizers, ObjectId, PutFinalizers, is_terminating};

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
    /// Finalizers of others, which stay.
    others: Vec<String>,
    uid: Value,
    version: Value,
}

impl Held {
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
