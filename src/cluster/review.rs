//! What the user of this connection may do.

use http::Method;
use serde_json::{Value, json};

use super::Cluster;
use super::error::Error;
use super::request::Call;

/// Something that one may or may not do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Access {
    /// `get`, `create`, `patch`, `bind`, `escalate`, …
    pub verb: String,
    /// API group, empty for the core group.
    pub group: String,
    /// Plural name.
    pub resource: String,
    /// Only in this namespace; otherwise in all.
    pub namespace: Option<String>,
    /// Only this object.
    pub name: Option<String>,
}

impl Cluster {
    /// The rules that hold for the user of this connection in a namespace, those of the cluster
    /// included: the status of a `SelfSubjectRulesReview`.
    ///
    /// # Errors
    /// The question is not answered.
    pub async fn rules(&self, namespace: &str) -> Result<Value, Error> {
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews".to_owned();
        let place = "what we may do".to_owned();
        let call = Call::new(Method::POST, path, "ask", place).with_body("application/json", &body);
        Ok(self.send(&call).await?["status"].take())
    }

    /// Whether the user of this connection may do something.
    ///
    /// # Errors
    /// The question is not answered.
    pub async fn may(&self, access: &Access) -> Result<bool, Error> {
        let Access { verb, group, resource, namespace, name } = access;
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {
                "verb": verb, "group": group, "resource": resource,
                "namespace": namespace, "name": name,
            }},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned();
        let place = format!("whether we may {verb} {resource}");
        let call = Call::new(Method::POST, path, "ask", place).with_body("application/json", &body);
        Ok(self.send(&call).await?["status"]["allowed"] == true)
    }
}
