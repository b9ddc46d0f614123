//! The clusters that a host manages.

use serde_json::Value;

use crate::cluster::{Cluster, Error, Kind, Selection};

const HOST_LABEL: &str = "cluster-role.kubesphere.io/host";

/// The clusters that a host manages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Members {
    /// Their names.
    Known(Vec<String>),
    /// A directory does not know them.
    Unknown,
}

impl Members {
    /// The names that are known.
    pub(super) fn names(&self) -> Vec<String> {
        match self {
            Self::Known(names) => names.clone(),
            Self::Unknown => Vec::new(),
        }
    }

    /// Whether it is certain that there are none.
    pub(super) fn are_none(&self) -> bool {
        matches!(self, Self::Known(names) if names.is_empty())
    }
}

/// The names of the clusters that a host manages, without itself.
///
/// # Errors
/// They cannot be read.
pub(super) async fn of(cluster: &Cluster) -> Result<Vec<String>, Error> {
    let all = clusters(cluster).await?;
    Ok(all.iter().filter_map(member).map(str::to_owned).collect())
}

/// The name of the host itself; `None` before KubeSphere has registered it.
///
/// # Errors
/// It cannot be read.
pub(super) async fn host(cluster: &Cluster) -> Result<Option<String>, Error> {
    let all = clusters(cluster).await?;
    Ok(all.iter().find(|live| has_label(live)).and_then(name).map(str::to_owned))
}

async fn clusters(cluster: &Cluster) -> Result<Vec<Value>, Error> {
    let kind = Kind::new("cluster.kubesphere.io", "v1alpha1", "Cluster");
    cluster.list(&kind, &Selection::default().metadata()).await
}

fn member(live: &Value) -> Option<&str> {
    name(live).filter(|name| *name != "host" && !has_label(live))
}

fn name(live: &Value) -> Option<&str> {
    live["metadata"]["name"].as_str()
}

fn has_label(live: &Value) -> bool {
    !live["metadata"]["labels"][HOST_LABEL].is_null()
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
