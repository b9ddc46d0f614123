//! The controller.

use serde_json::{Value, json};

use super::{Options, metadata, pod, selector};
use crate::object::kubesphere;

const COMPONENT: &str = "controller";

/// Its Deployment.
pub(super) fn objects(options: &Options) -> [Value; 1] {
    [deployment(options)]
}

fn deployment(options: &Options) -> Value {
    let template = pod::template(options, COMPONENT, &["controller"]);
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(kubesphere::INSTALLER, COMPONENT),
        "spec": {
            "replicas": 1,
            // Two versions of ksi would take turns.
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": selector(COMPONENT)},
            "template": template,
        },
    })
}
