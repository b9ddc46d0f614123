//! The member's side of a join with an agent, and the wait until host and member are one.

use std::time::Duration;

use serde_json::Value;

use super::agent_log::agent_complaint;
use super::error::Error;
use super::host::{cluster_kind, is_ready, kubefed_kind};
use super::wait::{Look, until, wait_gone};
use super::{Observer, Step};
use crate::cluster::{Apply, Cluster, Kind, Preconditions, Propagation, Selection};
use crate::config::Configuration;
use crate::facts::Facts;
use crate::member::{AGENT, Agent, Bundle, KubefedState, Link, Registered};
use crate::object::{ObjectId, kubesphere};
use crate::render;

/// How long the remains of an earlier join may take to go.
const REMAINS: Duration = Duration::from_secs(60);

/// The agent for a bundle, with image, registry and placement of the member's configuration.
///
/// # Errors
/// The image list of ksi has no agent.
pub fn agent_of(
    bundle: &Bundle,
    link: &Link,
    configuration: &Configuration,
    facts: &Facts,
    proxy: Option<String>,
) -> Option<Agent> {
    let sections = ["multicluster"];
    let labels = serde_json::json!({"app": "agent", "app.kubernetes.io/part-of": "tower"});
    let settings =
        render::pod_settings(configuration, facts, kubesphere::TOWER, &sections, &labels)?;
    Some(Agent {
        name: bundle.name.clone(),
        host: bundle.host.uid.clone(),
        token: link.token.clone(),
        address: link.address.clone(),
        image: settings.image,
        pull_policy: settings.pull_policy,
        pull_secrets: settings.pull_secrets,
        placement: settings.placement,
        proxy,
    })
}

/// Applies the manifests of an agent, or only asks whether they would be accepted. A Deployment of KubeSphere's own
/// manifest is replaced: its selector is the same, its account and token are not.
///
/// # Errors
/// The member refuses.
pub async fn install_agent(
    member: &Cluster,
    agent: &Agent,
    dry_run: bool,
    observer: Observer<'_>,
) -> Result<(), Error> {
    apply_all(member, &agent.manifests(), dry_run, observer).await
}

pub(super) async fn apply_all(
    member: &Cluster,
    manifests: &[Value],
    dry_run: bool,
    observer: Observer<'_>,
) -> Result<(), Error> {
    let apply = Apply { dry_run, force: true, patience: None };
    for manifest in manifests {
        let id = ObjectId::of(manifest).filter(|_| !dry_run);
        if let Some(id) = &id {
            let live = member.get(id).await?;
            if live.is_some_and(|live| is_doomed(&live)) {
                member.delete(id, &Preconditions::default(), Propagation::Background).await?;
                wait_gone(member, id, REMAINS).await?;
            }
        }
        member.apply(manifest, apply).await?;
        if let Some(id) = id {
            observer(Step {
                verb: "applied",
                what: id.to_string(),
                place: member.place().to_owned(),
            });
        }
    }
    Ok(())
}

/// Whether an object is one of an earlier join that the garbage collector takes, sooner or later: when a host leaves, it
/// makes what it had here belong to a binding, and deletes that.
fn is_doomed(live: &Value) -> bool {
    let metadata = &live["metadata"];
    !metadata["deletionTimestamp"].is_null() || !metadata["ownerReferences"].is_null()
}

/// Waits until the agent that was asked for last runs.
///
/// # Errors
/// It did not run in time; with the state of its pod.
pub async fn wait_for_agent(member: &Cluster, limit: Duration) -> Result<(), Error> {
    let pods = Kind::new("", "v1", "Pod");
    let deployment = Kind::new("apps", "v1", "Deployment").named(Some(kubesphere::SYSTEM), AGENT);
    let own = Selection::within(Some(kubesphere::SYSTEM))
        .labelled(format!("app.kubernetes.io/name={AGENT}"));
    until("the agent", limit, async || {
        let live = member.get(&deployment).await?.unwrap_or_default();
        if is_rolled_out(&live) {
            return Ok(Look::Done(()));
        }
        let pods = member.list(&pods, &own).await?;
        let waiting = pods.iter().find(|pod| !is_ready(pod));
        Ok(Look::NotYet(waiting.map_or("it has no new pod".to_owned(), state)))
    })
    .await
}

/// Whether the one pod of a Deployment is the one that was asked for last.
fn is_rolled_out(deployment: &Value) -> bool {
    let status = &deployment["status"];
    let count = |key: &str| status[key].as_u64().unwrap_or_default();
    status["observedGeneration"] == deployment["metadata"]["generation"]
        && [count("replicas"), count("updatedReplicas"), count("availableReplicas")] == [1, 1, 1]
}

/// Why a container does not run, as the kubelet says it.
fn state(pod: &Value) -> String {
    let containers = pod["status"]["containerStatuses"].as_array();
    let waiting = containers.into_iter().flatten().find_map(|container| {
        let waiting = &container["state"]["waiting"];
        let reason = waiting["reason"].as_str()?;
        Some(format!("{reason}: {}", waiting["message"].as_str().unwrap_or_default()))
    });
    let phase = pod["status"]["phase"].as_str().unwrap_or("Pending");
    format!("its pod is {}", waiting.unwrap_or_else(|| phase.to_owned()))
}

/// Waits until ks-controller-manager has joined a member and KubeFed reaches it.
///
/// # Errors
/// That did not happen in time; with what the Cluster, KubeFed and the agent say.
pub async fn wait_joined(
    host: &Cluster,
    member: &Cluster,
    name: &str,
    limit: Duration,
) -> Result<(), Error> {
    let cluster = cluster_kind().named(None, name);
    let kubefed = kubefed_kind().named(Some(kubesphere::FEDERATION), name);
    until(format!("the join of {name}"), limit, async || {
        let Some(live) = host.get(&cluster).await? else {
            return Ok(Look::NotYet(format!("Cluster {name} does not exist")));
        };
        let registered = Registered::of(&live);
        let state = host.get(&kubefed).await?.map(|live| KubefedState::of(&live));
        let Err(why) = joined(&registered, state.as_ref()) else { return Ok(Look::Done(())) };
        let complaint = match registered.kubeconfig {
            None => agent_complaint(member).await,
            Some(_) => None,
        };
        Ok(Look::NotYet(match complaint {
            Some(complaint) => format!("{why}; it says: {complaint}"),
            None => why,
        }))
    })
    .await
}

/// Whether a member has joined; otherwise the first thing that it waits for.
fn joined(member: &Registered, state: Option<&KubefedState>) -> Result<(), String> {
    let Registered { kubeconfig, federated, ready, .. } = member;
    if kubeconfig.is_none() {
        return Err("its agent has not connected to Tower".to_owned());
    }
    for (condition, absent) in [
        (federated, "ks-controller-manager has not joined it to the federation"),
        (ready, "ks-controller-manager has not seen it ready"),
    ] {
        match condition {
            Some(condition) if condition.is_true => {}
            Some(condition) => return Err(condition.why.clone()),
            None => return Err(absent.to_owned()),
        }
    }
    match state.map(KubefedState::reaches) {
        Some(Some(Ok(()))) => Ok(()),
        Some(Some(Err(why))) => Err(format!("KubeFed cannot reach it: {why}")),
        Some(None) => Err("KubeFed has not probed it yet".to_owned()),
        None => Err("it has no KubeFedCluster".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wait_names_what_is_missing() {
        let cluster = |conditions: Value| {
            Registered::of(&json!({"metadata": {"name": "m"}, "spec": {"connection": {
                "type": "proxy", "kubeconfig": "a3ViZQ=="}}, "status": {"conditions": conditions}}))
        };
        let both =
            json!([{"type": "Federated", "status": "True"}, {"type": "Ready", "status": "True"}]);
        let state = |status: &str| {
            KubefedState::of(&json!({"status": {"conditions": [
            {"type": "Ready", "status": status, "reason": "ClusterNotReady"}]}}))
        };
        assert!(joined(&cluster(json!([])), None).unwrap_err().contains("not joined"));
        let failed = json!([{"type": "Federated", "status": "False", "reason": "x509"}]);
        assert_eq!(joined(&cluster(failed), None).unwrap_err(), "x509");
        assert!(joined(&cluster(both.clone()), None).unwrap_err().contains("no KubeFedCluster"));
        let away = joined(&cluster(both.clone()), Some(&state("False"))).unwrap_err();
        assert!(away.contains("ClusterNotReady"), "{away}");
        assert_eq!(joined(&cluster(both), Some(&state("True"))), Ok(()));
    }

    #[test]
    fn an_old_agent_is_not_the_new_one() {
        let deployment = |observed: u64, replicas: u64, updated: u64| {
            json!({"metadata": {"generation": 2}, "status": {"observedGeneration": observed,
                "replicas": replicas, "updatedReplicas": updated, "availableReplicas": 1}})
        };
        assert!(is_rolled_out(&deployment(2, 1, 1)));
        assert!(!is_rolled_out(&deployment(1, 1, 1)));
        assert!(!is_rolled_out(&deployment(2, 2, 1)));
        assert!(!is_rolled_out(&deployment(2, 1, 0)));
        assert!(!is_rolled_out(&json!({"metadata": {"generation": 1}})));
    }

    /// Applied, it would be gone a moment later.
    #[test]
    fn what_the_garbage_collector_takes_is_not_taken_for_new() {
        let with = |metadata: Value| is_doomed(&json!({"metadata": metadata}));
        assert!(with(json!({"ownerReferences": [{"name": "cluster-agent"}]})));
        assert!(with(json!({"deletionTimestamp": "2026-01-01T00:00:00Z"})));
        assert!(!with(json!({"name": "cluster-agent"})));
    }

    #[test]
    fn a_pod_that_waits_says_why() {
        let pod = json!({"status": {"phase": "Pending", "containerStatuses": [
            {"state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}]}});
        assert_eq!(state(&pod), "its pod is ErrImagePull: not found");
        assert_eq!(state(&json!({})), "its pod is Pending");
    }
}
