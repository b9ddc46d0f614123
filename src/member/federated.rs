//! What users placed on a member.

use serde_json::Value;

use crate::object::{ObjectId, kubesphere};

/// An object of the host that places something on a member by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The object.
    pub id: ObjectId,
}

/// The objects among these that name a member in `spec.placement.clusters`. Those with a selector place on it, too,
/// but end that by themselves when its `KubeFedCluster` goes. Those of `KubeSphere`'s own are left out.
pub fn placements<'o>(
    objects: impl IntoIterator<Item = &'o Value>,
    member: &str,
) -> Vec<Placement> {
    let of = |object: &Value| {
        let clusters = object["spec"]["placement"]["clusters"].as_array()?;
        if !clusters.iter().any(|cluster| cluster["name"] == member) {
            return None;
        }
        Some(Placement { id: ObjectId::of(object)? })
    };
    let is_own = |id: &ObjectId| id.namespace.as_deref() == Some(kubesphere::MONITORING_FEDERATED);
    objects.into_iter().filter_map(of).filter(|placement| !is_own(&placement.id)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_placements_by_name_count() {
        let object = |name: &str, placement: Value| {
            json!({"apiVersion": "types.kubefed.io/v1beta1", "kind": "FederatedDeployment",
                   "metadata": {"name": name, "namespace": "demo"}, "spec": {"placement": placement}})
        };
        let all = [
            object("both", json!({"clusters": [{"name": "m1"}, {"name": "m2"}]})),
            object("other", json!({"clusters": [{"name": "m2"}]})),
            object("all", json!({"clusterSelector": {}})),
            object("none", json!({})),
        ];
        let found = placements(&all, "m1");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].id.name, "both");
    }
}
