//! What a cluster needs beside its control plane and node: DNS, kwok nodes, addresses for load balancers.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use crate::builds::{self, Program};
use crate::control_plane::ControlPlane;
use crate::network::Network;
use crate::places::Places;
use crate::process::wait_until;

/// Has the cluster run `CoreDNS`. Does not wait for it.
///
/// # Errors
/// The API server refuses.
pub fn start_dns(plane: &ControlPlane) -> Result<()> {
    let path = plane.folder().join("coredns.yaml");
    fs::write(&path, include_str!("../manifests/coredns.yaml"))?;
    let file = path.display().to_string();
    plane.kubectl(&["apply", "--server-side", "--filename", &file]).map(drop)
}

/// Waits until names are resolved.
///
/// # Errors
/// `CoreDNS` does not get ready.
pub fn await_dns(plane: &ControlPlane) -> Result<()> {
    wait_until("CoreDNS to be ready", Duration::from_secs(60), || {
        let mut args = vec!["--namespace", "kube-system", "get", "deployment", "coredns"];
        args.extend(["--output", "jsonpath={.status.readyReplicas}"]);
        Ok(plane.kubectl(&args)? == "1")
    })
}

/// Adds a node that only says of its pods that they run: for images that cannot be had.
///
/// # Errors
/// kwok cannot be built or started, or the API server refuses.
pub fn start_kwok(places: &Places, plane: &ControlPlane, node: &str, tainted: bool) -> Result<()> {
    let mut flags = vec![
        format!("--kubeconfig={}", plane.kubeconfig().display()),
        // It leaves the real node alone.
        "--manage-all-nodes=false".to_owned(),
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake".to_owned(),
        // Several clusters of one machine share its loopback.
        "--server-address=127.0.0.1:0".to_owned(),
    ];
    // The module cache may not be visible in there.
    for (number, stage) in builds::kwok_stages()?.iter().enumerate() {
        let copy = plane.folder().join(format!("stage-{number}.yaml"));
        fs::write(&copy, fs::read(stage)?)?;
        flags.push(format!("--config={}", copy.display()));
    }
    let resources = json!({"cpu": "32", "memory": "256Gi", "pods": "500"});
    let taint = json!({"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"});
    let object = json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {
                "kubernetes.io/hostname": node, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
                "node.kubernetes.io/instance-type": "kwok", "type": "kwok",
            },
        },
        "spec": {"taints": if tainted { vec![taint] } else { Vec::new() }},
        "status": {"capacity": resources, "allocatable": resources},
    });
    let path = plane.folder().join("kwok-node.json");
    fs::write(&path, object.to_string())?;
    plane.kubectl(&["apply", "--server-side", "--filename", &path.display().to_string()])?;
    plane.processes().start("kwok", &Program::Kwok.build(places)?, &flags)
}

/// Has Services of type `LoadBalancer` given addresses of the cluster's pool.
///
/// # Errors
/// The process cannot be started.
pub fn start_addresses(plane: &ControlPlane, network: Network, index: u8) -> Result<()> {
    let script = plane.folder().join("addresses.sh");
    fs::write(&script, include_str!("addresses.sh"))?;
    let (first, last) = network.pool(index);
    let [a, b, c, from] = first.octets();
    let arguments = [
        script.display().to_string(),
        plane.binary().display().to_string(),
        plane.kubeconfig().display().to_string(),
        format!("{a}.{b}.{c}"),
        from.to_string(),
        last.octets()[3].to_string(),
    ];
    plane.processes().start("addresses", Path::new("bash"), &arguments)
}
