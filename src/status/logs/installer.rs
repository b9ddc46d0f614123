//! The pods of ksi itself: the controller and the Job. They are no part of the installation, and there before it.

use serde_json::{Value, json};

use super::LogQuery;
use crate::cluster::{Cluster, Error, Selection};
use crate::object::kubesphere;
use crate::{diagnose, health};

impl LogQuery {
    /// Whether it asks for the log of ksi itself.
    pub(super) fn is_of_installer(&self) -> bool {
        self.component.as_deref() == Some(kubesphere::INSTALLER)
    }
}

/// What selects these pods, as a workload does.
pub(super) fn workload() -> Value {
    json!({
        "metadata": {"namespace": kubesphere::SYSTEM},
        "spec": {"selector": {"matchLabels": {"app": kubesphere::INSTALLER_APP}}},
    })
}

/// These pods.
///
/// # Errors
/// They cannot be listed.
pub(super) async fn pods(cluster: &Cluster) -> Result<Vec<Value>, Error> {
    let selection = Selection::within(Some(kubesphere::SYSTEM));
    let mut pods = cluster.list(&diagnose::pods(), &selection).await?;
    pods.retain(|pod| health::selects(&workload(), pod));
    Ok(pods)
}
