//! The Job that applies the configuration once.

use serde_json::{Value, json};

use super::{Options, metadata, pod};
use crate::object::kubesphere;

const COMPONENT: &str = "job";
/// How often a run that failed is repeated.
const RETRIES: u32 = 3;
/// Exit codes that a repetition does not change: a confirmation is missing, the configuration is invalid, another
/// field manager owns a field.
const FINAL: [u8; 3] = [2, 3, 6];

/// The Job.
pub(super) fn object(options: &Options) -> Value {
    let mut template = pod::template(options, COMPONENT, &["controller", "--once"]);
    template["spec"]["restartPolicy"] = "Never".into();
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(&format!("{}-once", kubesphere::INSTALLER), COMPONENT),
        "spec": {
            "backoffLimit": RETRIES,
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "FailJob",
                        "onExitCodes": {
                            "containerName": pod::CONTAINER, "operator": "In", "values": FINAL,
                        },
                    },
                    // A drained node is no failure.
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                ],
            },
            "template": template,
        },
    })
}
