//! The account by which a host acts in a member that it reaches directly.

use serde_json::{Value, json};

use super::{HOST_UID, MEMBER};
use crate::object::kubesphere;

/// The name of the ServiceAccount, its binding and its token.
pub const HOST_ACCOUNT: &str = "ksi-host";

/// The account of the host in a member.
#[derive(Debug, Clone)]
pub struct Account<'a> {
    /// The member's name.
    pub name: &'a str,
    /// The UID of the host.
    pub host: &'a str,
}

impl Account<'_> {
    /// ServiceAccount and binding.
    ///
    /// ks-controller-manager v3.4.1 makes with this credential an account of KubeFed that has all rights, which only an
    /// account with all rights may do.
    pub fn manifests(&self) -> [Value; 2] {
        [
            json!({
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": self.metadata(&json!({"namespace": kubesphere::SYSTEM})),
                "automountServiceAccountToken": false,
            }),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": self.metadata(&json!({})),
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
                "subjects": [{"kind": "ServiceAccount", "name": HOST_ACCOUNT, "namespace": kubesphere::SYSTEM}],
            }),
        ]
    }

    /// A token that does not expire, for API servers that only give short ones.
    pub fn token_secret(&self) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
            "metadata": self.metadata(&json!({
                "namespace": kubesphere::SYSTEM,
                "annotations": {"kubernetes.io/service-account.name": HOST_ACCOUNT},
            })),
        })
    }

    fn metadata(&self, more: &Value) -> Value {
        let mut metadata = more.clone();
        metadata["name"] = HOST_ACCOUNT.into();
        metadata["labels"] = json!({"app.kubernetes.io/managed-by": "ksi", MEMBER: self.name});
        metadata["annotations"][HOST_UID] = self.host.into();
        metadata
    }
}
