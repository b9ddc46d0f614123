//! Pods in `KubeSphere`'s namespaces.

use serde_json::Value;

use super::super::context::Context;
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{condition, full_name, items, message, text};
use super::super::verdict::{ReadError, Verdict, errors, warnings};
use super::super::{Check, Phase};
use crate::object::is_terminating;

const CATEGORY: &str = "Pods";

/// More restarts than this are not explained by the start order.
const MANY: u64 = 5;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "image-pulls",
        category: CATEGORY,
        description: "images can be pulled",
        phase: Phase::After,
        hint: "check the registry and the pull secrets (`ksi explain local_registry`); `ksi images list` lists every image",
        evaluate: image_pulls,
    },
    Check {
        id: "crash-loops",
        category: CATEGORY,
        description: "no container is in a crash loop",
        phase: Phase::After,
        hint: "`kubectl logs --previous` of the container shows why it exited",
        evaluate: crash_loops,
    },
    Check {
        id: "restarts",
        category: CATEGORY,
        description: "no container restarts often",
        phase: Phase::After,
        hint: "`kubectl describe pod` shows the last exit code: 137 usually means out of memory, otherwise see `kubectl logs --previous`",
        evaluate: restarts,
    },
    Check {
        id: "pods-scheduled",
        category: CATEGORY,
        description: "every pod is scheduled",
        phase: Phase::After,
        hint: "add nodes or free resources, or fix the taints, selectors or volumes that the message names",
        evaluate: scheduled,
    },
    Check {
        id: "pods-evicted",
        category: CATEGORY,
        description: "no pod failed or was evicted",
        phase: Phase::After,
        hint: "`kubectl describe pod` shows the cause; fix it, then delete the pod",
        evaluate: failed,
    },
];

/// Pods with the statuses of their containers.
fn statuses(gathered: &Gathered) -> Result<impl Iterator<Item = (&Value, &Value)>, ReadError> {
    let pods = gathered.list(Part::Pods)?.iter().filter(|pod| !is_terminating(pod));
    Ok(pods.flat_map(|pod| {
        let status = &pod["status"];
        let all =
            items(&status["initContainerStatuses"]).chain(items(&status["containerStatuses"]));
        all.map(move |container| (pod, container))
    }))
}

/// Containers that wait for one of these reasons.
fn waiting(gathered: &Gathered, reasons: &[&str]) -> Result<Vec<String>, ReadError> {
    let found = statuses(gathered)?.filter_map(|(pod, container)| {
        let reason = text(&container["state"]["waiting"]["reason"]);
        let (name, image) = (text(&container["name"]), text(&container["image"]));
        reasons
            .contains(&reason)
            .then(|| format!("{}, container {name} ({image}): {reason}", full_name(pod)))
    });
    Ok(found.collect())
}

fn image_pulls(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    errors(&waiting(
        gathered,
        &["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"],
    )?)
}

fn crash_loops(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    errors(&waiting(
        gathered,
        &["CrashLoopBackOff", "CreateContainerConfigError", "RunContainerError"],
    )?)
}

fn restarts(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let found = statuses(gathered)?.filter_map(|(pod, container)| {
        let count = container["restartCount"].as_u64().unwrap_or(0);
        let name = text(&container["name"]);
        (count > MANY).then(|| format!("{}, container {name}: {count} restarts", full_name(pod)))
    });
    warnings(&found.collect::<Vec<_>>())
}

fn scheduled(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let found = gathered.list(Part::Pods)?.iter().filter_map(|pod| {
        let condition = condition(pod, "PodScheduled").filter(|c| c["status"] == "False")?;
        Some(format!("{}: {}", full_name(pod), message(condition)))
    });
    errors(&found.collect::<Vec<_>>())
}

fn failed(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let found = gathered.list(Part::Pods)?.iter().filter(|pod| pod["status"]["phase"] == "Failed");
    let lines = found.map(|pod| {
        let reason = text(&pod["status"]["reason"]);
        format!("{} failed {reason}", full_name(pod)).trim_end().to_owned()
    });
    warnings(&lines.collect::<Vec<_>>())
}
