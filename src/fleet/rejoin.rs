//! Makes a host forget the cluster behind a member's name, so that another one can take the name.

use serde_json::{Value, json};

use super::add::new_token;
use super::error::Error;
use super::host::{Host, cluster_kind};
use super::remove::{delete, federation_objects};
use super::suspend::change;
use super::{Observer, Step, webhook};

/// Makes a host forget which cluster a member was, and every credential for it: its UID, kubeconfig and token, and what
/// KubeFed has. Ports, Service and placements stay. Afterwards it joins as a new one does.
///
/// # Errors
/// There is no such member, or the host refuses.
pub async fn forget(host: &Host, name: &str, observer: Observer<'_>) -> Result<(), Error> {
    host.member(name)?;
    webhook::restore(&host.cluster).await?;
    let id = cluster_kind().named(None, name);
    // Tower lets in an agent without a token if the Cluster has none.
    let token = new_token()?;
    // The webhook would refuse each change: another cluster answers, or none.
    let reset = |live: &mut Value| strip(live, &token);
    webhook::paused(&host.cluster, async { change(&host.cluster, &id, reset).await }).await?;
    let place = host.cluster.place().to_owned();
    observer(Step { verb: "reset", what: format!("the credentials in {id}"), place });
    for id in federation_objects(name) {
        delete(&host.cluster, &id, observer).await?;
    }
    Ok(())
}

fn strip(live: &mut Value, token: &str) {
    live["spec"]["joinFederation"] = json!(true);
    if let Some(connection) = live["spec"]["connection"].as_object_mut() {
        connection.shift_remove("kubeconfig");
        if connection.get("type").is_some_and(|kind| kind == "direct") {
            connection.shift_remove("kubernetesAPIEndpoint");
        } else {
            connection.insert("token".to_owned(), token.into());
        }
    }
    if let Some(status) = live["status"].as_object_mut() {
        status.shift_remove("uid");
    }
    let conditions = live["status"]["conditions"].as_array_mut();
    if let Some(all) = conditions {
        all.retain(|one| one["type"] == "Initialized");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_stay_and_credentials_go() {
        let mut live = json!({
            "spec": {"connection": {"type": "proxy", "token": "t", "kubeconfig": "k",
                "kubernetesAPIServerPort": 6000, "kubernetesAPIEndpoint": "https://10.96.0.9:6443"}},
            "status": {"uid": "u", "conditions": [{"type": "Initialized"}, {"type": "Ready"}]},
        });
        strip(&mut live, "new");
        let expected = json!({
            "spec": {"connection": {"type": "proxy", "token": "new", "kubernetesAPIServerPort": 6000,
                "kubernetesAPIEndpoint": "https://10.96.0.9:6443"}, "joinFederation": true},
            "status": {"conditions": [{"type": "Initialized"}]},
        });
        assert_eq!(live, expected);
    }
}
