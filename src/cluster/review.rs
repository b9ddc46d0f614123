//! Access reviews: the permissions of the current user.

use http::Method;
use serde_json::{Value, json};

use super::Cluster;
use super::error::Error;
use super::request::Call;

/// An action that needs permission.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Access {
    /// `get`, `create`, `patch`, `bind`, `escalate`, …
    pub verb: String,
    /// API group, empty for the core group.
    pub group: String,
    /// Plural name.
    pub resource: String,
    /// The namespace; `None` for all.
    pub namespace: Option<String>,
    /// The object; `None` for all.
    pub name: Option<String>,
}

impl Cluster {
    /// The rules for the current user in a namespace, including cluster roles: the status of a
    /// `SelfSubjectRulesReview`.
    ///
    /// # Errors
    /// The review fails.
    pub async fn rules(&self, namespace: &str) -> Result<Value, Error> {
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews".to_owned();
        let place = "the permissions of this user".to_owned();
        let call =
            Call::new(Method::POST, path, "check", place).with_body("application/json", &body);
        Ok(self.send(&call).await?["status"].take())
    }

    /// Whether the current user has a permission.
    ///
    /// # Errors
    /// The review fails.
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
        let place = format!("whether this user may {verb} {resource}");
        let call =
            Call::new(Method::POST, path, "check", place).with_body("application/json", &body);
        Ok(self.send(&call).await?["status"]["allowed"] == true)
    }
}
