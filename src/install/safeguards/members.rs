//! The clusters that a host manages.

use serde_json::Value;

use crate::cluster::{Cluster, Error, Kind, Selection};

const HOST_LABEL: &str = "cluster-role.kubesphere.io/host";

/// The names of the clusters that a host manages, without itself.
///
/// # Errors
/// They cannot be read.
pub(super) async fn of(cluster: &Cluster) -> Result<Vec<String>, Error> {
    let kind = Kind::new("cluster.kubesphere.io", "v1alpha1", "Cluster");
    let all = cluster.list(&kind, &Selection::default().metadata()).await?;
    Ok(all.iter().filter_map(member).map(str::to_owned).collect())
}

fn member(live: &Value) -> Option<&str> {
    let metadata = &live["metadata"];
    let name = metadata["name"].as_str()?;
    let host = name == "host" || !metadata["labels"][HOST_LABEL].is_null();
    (!host).then_some(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_host_is_no_member_of_itself() {
        let cluster =
            |name: &str, labels: Value| json!({"metadata": {"name": name, "labels": labels}});
        assert_eq!(member(&cluster("host", json!(null))), None);
        assert_eq!(member(&cluster("beijing", json!({HOST_LABEL: ""}))), None);
        assert_eq!(member(&cluster("m1", json!({}))), Some("m1"));
    }
}
