//! Which containers belong to a component. Pure.

use serde_json::Value;

use crate::diagnose;
use crate::health;
use crate::object::ObjectId;
use crate::status::{Installed, Snapshot};

/// A container of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Container {
    pub(in crate::cli) namespace: String,
    pub(in crate::cli) pod: String,
    uid: String,
    pub(in crate::cli) name: String,
    /// How often it was started again.
    pub(in crate::cli) restarts: u64,
    /// Whether it runs or has run.
    pub(in crate::cli) has_log: bool,
}

impl Container {
    /// One run of a container: a restart begins another log, and so does another pod of the same name.
    pub(super) fn key(&self) -> (ObjectId, String, u64) {
        let pod =
            diagnose::pods().named(Some(&self.namespace), &format!("{}/{}", self.pod, self.uid));
        (pod, self.name.clone(), self.restarts)
    }
}

/// The workloads of an installation as they are.
pub(in crate::cli) fn workloads<'l>(installed: &Installed, live: &'l Snapshot) -> Vec<&'l Value> {
    let ids = installed.ids().filter(|id| diagnose::is_workload(id));
    ids.filter_map(|id| live.objects.get(id)).collect()
}

/// The pods of an installation.
pub(in crate::cli) fn pods_of<'l>(installed: &Installed, live: &'l Snapshot) -> Vec<&'l Value> {
    let workloads = workloads(installed, live);
    let ours = |pod: &&Value| workloads.iter().any(|workload| health::selects(workload, pod));
    live.pods.values().filter(ours).collect()
}

/// The containers of a pod, those that initialise first.
pub(in crate::cli) fn containers(pod: &Value) -> Vec<Container> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &pod["metadata"];
    let kinds = [("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")];
    let mut found = Vec::new();
    for (specs, statuses) in kinds {
        let statuses = pod["status"][statuses].as_array().map_or(&[][..], Vec::as_slice);
        for spec in pod["spec"][specs].as_array().into_iter().flatten() {
            let status = statuses.iter().find(|status| status["name"] == spec["name"]);
            let state = status.map_or(&Value::Null, |status| &status["state"]);
            let last = status.map_or(&Value::Null, |status| &status["lastState"]);
            let ran =
                |state: &Value| state["running"].is_object() || state["terminated"].is_object();
            found.push(Container {
                namespace: text(&metadata["namespace"]),
                pod: text(&metadata["name"]),
                uid: text(&metadata["uid"]),
                name: text(&spec["name"]),
                restarts: status.and_then(|s| s["restartCount"].as_u64()).unwrap_or_default(),
                has_log: ran(state) || ran(last),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn containers_in_the_order_in_which_they_run() {
        let pod = json!({
            "metadata": {"name": "p", "namespace": "a", "uid": "u"},
            "spec": {"containers": [{"name": "main"}], "initContainers": [{"name": "init"}]},
            "status": {
                "initContainerStatuses": [{"name": "init", "restartCount": 0, "state": {"terminated": {"exitCode": 0}}}],
                "containerStatuses": [{"name": "main", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}],
            },
        });
        let found = containers(&pod);
        let shown: Vec<_> =
            found.iter().map(|c| (c.name.as_str(), c.restarts, c.has_log)).collect();
        assert_eq!(shown, [("init", 0, true), ("main", 3, true)]);
        let waiting =
            json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "main"}]}});
        assert!(!containers(&waiting)[0].has_log);
    }
}
