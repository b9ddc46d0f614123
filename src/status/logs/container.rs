//! Containers of pods, as far as their logs are concerned. Pure.

use serde_json::Value;

/// A container of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The namespace of its pod.
    pub namespace: String,
    /// Its pod.
    pub pod: String,
    uid: String,
    /// Its name.
    pub name: String,
    /// How often it was restarted.
    pub restarts: u64,
    /// Whether it runs or has run.
    pub has_log: bool,
}

/// One run of a container: a restart begins another log, and so does another pod of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Run {
    /// The uid of the pod.
    pub(super) uid: String,
    container: String,
    restarts: u64,
}

impl Container {
    /// Its present run.
    pub(super) fn run(&self) -> Run {
        let Self { uid, name, restarts, .. } = self.clone();
        Run { uid, container: name, restarts }
    }
}

/// The containers of a pod, init containers first.
pub fn containers(pod: &Value) -> Vec<Container> {
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
