//! What a host leaves behind in a member.

use serde_json::Value;

use super::MANAGED;
use crate::object::{ObjectId, kubesphere};

/// The account that ks-controller-manager v3.4.1 makes for KubeFed in a member. It never deletes it, and its token never
/// expires. The Secrets with the token go with the `ServiceAccount`.
pub fn federation_account(name: &str) -> [ObjectId; 3] {
    let id = |group: &str, kind: &str, namespace: Option<&str>, name: String| ObjectId {
        group: group.to_owned(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        namespace: namespace.map(str::to_owned),
        name,
    };
    let rbac = "rbac.authorization.k8s.io";
    let role = format!("kubefed-controller-manager:{name}-kubesphere");
    [
        // First what gives the rights.
        id(rbac, "ClusterRoleBinding", None, role.clone()),
        id(rbac, "ClusterRole", None, role),
        id("", "ServiceAccount", Some(kubesphere::FEDERATION), format!("{name}-kubesphere")),
    ]
}

/// Namespaces and workspaces of a member that have KubeFed's label although nobody federates them there: the next
/// host that the member joins deletes them (kubesphere#3169, #4210).
pub fn namespace_leftovers(objects: &[Value]) -> Vec<String> {
    let is_managed = |object: &&Value| object["metadata"]["labels"][MANAGED] == "true";
    let names = objects.iter().filter(is_managed).filter_map(ObjectId::of);
    names.map(|id| id.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_kubefed_manages_is_a_leftover() {
        let object = |name: &str, label: &str| {
            json!({"apiVersion": "v1", "kind": "Namespace",
                   "metadata": {"name": name, "labels": {MANAGED: label}}})
        };
        let all = [object("a", "true"), object("b", "false")];
        assert_eq!(namespace_leftovers(&all), ["Namespace/a"]);
    }
}
