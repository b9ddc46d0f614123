//! A request of the API server.

use serde_json::Value;

use crate::object::{FIELD_MANAGER, is_terminating};

/// A request to create or update a ClusterConfiguration.
pub(super) struct Request {
    /// Joins the answer to it.
    pub(super) uid: String,
    /// The object as it would be stored.
    pub(super) object: Value,
    /// The object as it is stored; `None` if it is created.
    pub(super) old: Option<Value>,
    /// Whether ksi itself stores it.
    pub(super) is_own: bool,
}

impl Request {
    /// The request in an `AdmissionReview`.
    pub(super) fn of(mut review: Value) -> Option<Self> {
        if review["apiVersion"] != "admission.k8s.io/v1" || review["kind"] != "AdmissionReview" {
            return None;
        }
        let mut request = review["request"].take();
        Some(Self {
            uid: request["uid"].as_str()?.to_owned(),
            object: request["object"].take(),
            old: Some(request["oldObject"].take()).filter(Value::is_object),
            is_own: request["options"]["fieldManager"] == FIELD_MANAGER,
        })
    }

    /// Whether it changes what is asked for. An object that is being deleted is not applied any more.
    pub(super) fn changes_spec(&self) -> bool {
        let Self { object, old, .. } = self;
        let same = old.as_ref().is_some_and(|old| old["spec"] == object["spec"]);
        object.is_object() && !same && !is_terminating(object)
    }
}
