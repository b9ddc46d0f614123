//! Asks registries for the images that are about to be started and that no node holds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use super::gathered::{Objects, Part, Read};
use super::manifest::{is, items, name, text};
use super::placement::admits;
use crate::availability::{Asked, Depth, Holders, Nodes, ask};
use crate::object::Object;
use crate::registry::{Client, Credentials, Options, Platform, Reference};

/// How long all registries have to answer, and how long one connection may take.
const LIMIT: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(2);
/// The platform that every image is for.
const COMMON: (&str, &str) = ("linux", "amd64");

/// Asks for the images of these objects as their pods will: with the pull secrets, and no login of this machine.
pub(super) async fn gather(
    objects: &[&Object],
    pull_secrets: &[String],
    read: &Objects,
) -> Read<Vec<Asked>> {
    let list = |part| match read.get(&part) {
        Some(Ok(list)) => Ok(list.as_slice()),
        Some(Err(why)) => Err(why.clone()),
        None => Err("not requested".to_owned()),
    };
    // Without the right to read pods only the kubelets' lists are known.
    let pods = list(Part::Pods).unwrap_or_default();
    let pulls = pulls(objects, list(Part::Nodes)?, pods);
    if pulls.is_empty() {
        return Ok(Vec::new());
    }
    // Without the right to read Secrets the registry is asked without a login, and says so.
    let secrets = list(Part::Secrets).unwrap_or_default();
    let secrets = secrets.iter().filter(|secret| pull_secrets.iter().any(|n| n == name(secret)));
    let options = Options {
        credentials: secrets.filter_map(credentials).fold(Credentials::default(), Credentials::or),
        patience: Duration::ZERO,
        connect_limit: CONNECT,
        request_limit: LIMIT,
        ..Options::default()
    };
    let client = Client::new(options).map_err(|error| error.to_string())?;
    let common =
        |platform: &Platform| (platform.os.as_str(), platform.architecture.as_str()) == COMMON;
    let all_common = pulls.iter().all(|pull| pull.platforms.iter().all(common));
    let depth = if all_common { Depth::Digest } else { Depth::Platforms };
    let images: Vec<Reference> = pulls.iter().map(|pull| pull.image.clone()).collect();
    let mut answers = ask(&client, &images, depth, LIMIT).await;
    let asked = pulls.into_iter().filter_map(|Pull { image, platforms, holders }| {
        let answer = answers.remove(&image)?;
        Some(Asked { image, answer, wanted: platforms, holders })
    });
    Ok(asked.collect())
}

/// An image that has to be pulled.
struct Pull {
    image: Reference,
    platforms: Vec<Platform>,
    holders: Holders,
}

/// The images that no node holds on which their pods may run.
fn pulls(objects: &[&Object], nodes: &[Value], pods: &[Value]) -> Vec<Pull> {
    let mut suitable: BTreeMap<Reference, (BTreeSet<&str>, bool)> = BTreeMap::new();
    for object in objects {
        let pod = &object.body["spec"]["template"]["spec"];
        let on = nodes.iter().filter(|node| is(node, "Ready") && admits(node, pod));
        let on: BTreeSet<&str> = on.map(name).collect();
        let containers = items(&pod["initContainers"]).chain(items(&pod["containers"]));
        for container in containers {
            // What is no reference is the kubelet's to refuse.
            let Ok(image) = text(&container["image"]).parse::<Reference>() else { continue };
            let (names, always) = suitable.entry(image).or_default();
            names.extend(&on);
            *always |= container["imagePullPolicy"] == "Always";
        }
    }
    let needed = suitable.into_iter().filter_map(|(image, (names, always))| {
        let nodes =
            Nodes::of(nodes.iter().filter(|node| names.contains(name(node)))).with_pods(pods);
        let mut holders = nodes.holders(&image);
        if always {
            // The kubelet asks the registry whatever the node holds.
            holders.nodes.clear();
        }
        let pulls = nodes.count() > 0 && !nodes.pull_nothing() && holders.nodes.is_empty();
        let platforms = nodes.platforms().into_keys().collect();
        pulls.then_some(Pull { image, platforms, holders })
    });
    needed.collect()
}

/// The credentials in a pull secret. One that is not valid is reported by its own check.
fn credentials(secret: &Value) -> Option<Credentials> {
    let data =
        [".dockerconfigjson", ".dockercfg"].iter().find_map(|key| secret["data"][key].as_str())?;
    let config = BASE64_STANDARD.decode(data).ok()?;
    Credentials::docker_config(&format!("Secret {}", name(secret)), &config).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::{ObjectId, Policy};

    fn node(name: &str, images: &[&str]) -> Value {
        let images: Vec<Value> = images.iter().map(|name| json!({"names": [name]})).collect();
        json!({"metadata": {"name": name, "labels": {"name": name}},
               "status": {"images": images, "conditions": [{"type": "Ready", "status": "True"}],
                          "nodeInfo": {"operatingSystem": "linux", "architecture": "amd64"}}})
    }

    fn pod(spec: &Value) -> Object {
        let body = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "namespace": "b"}, "spec": {"template": {"spec": spec}}});
        let id = ObjectId::of(&body).unwrap();
        Object { id, component: "c".into(), policy: Policy::Apply, body }
    }

    fn asked(spec: &Value, nodes: &[Value]) -> Vec<String> {
        let object = pod(spec);
        pulls(&[&object], nodes, &[]).into_iter().map(|pull| pull.image.to_string()).collect()
    }

    #[test]
    fn only_what_no_suitable_node_holds_is_asked_for() {
        let nodes =
            [node("n1", &["docker.io/library/a:1"]), node("n2", &["docker.io/library/pause:1"])];
        let both = json!({"containers": [{"image": "a:1"}], "initContainers": [{"image": "b:1"}]});
        assert_eq!(asked(&both, &nodes), ["docker.io/library/b:1"]);
        let on_n2 = json!({"containers": [{"image": "a:1"}], "nodeSelector": {"name": "n2"}});
        assert_eq!(asked(&on_n2, &nodes), ["docker.io/library/a:1"]);
        let always = json!({"containers": [{"image": "a:1", "imagePullPolicy": "Always"}]});
        assert_eq!(asked(&always, &nodes), ["docker.io/library/a:1"]);
    }

    #[test]
    fn an_image_that_runs_is_held_by_its_node_although_the_list_of_the_kubelet_is_cut() {
        let full = node("n1", &["x/y:1"; 50]);
        let running = json!({"spec": {"nodeName": "n1", "containers": [{"name": "c", "image": "a:1"}]},
            "status": {"containerStatuses": [{"name": "c", "imageID": "x", "state": {"running": {}}}]}});
        let object = pod(&json!({"containers": [{"image": "a:1"}]}));
        assert_eq!(pulls(&[&object], std::slice::from_ref(&full), &[]).len(), 1);
        assert!(pulls(&[&object], &[full], &[running]).is_empty());
    }

    #[test]
    fn simulated_nodes_and_pods_without_a_node_pull_nothing() {
        let pod = json!({"containers": [{"image": "a:1"}]});
        let simulated = [node("kwok", &[])];
        assert!(asked(&pod, &simulated).is_empty());
        assert!(asked(&pod, &[]).is_empty());
        let nowhere = json!({"containers": [{"image": "a:1"}], "nodeSelector": {"name": "x"}});
        assert!(asked(&nowhere, &[node("n1", &["docker.io/library/pause:1"])]).is_empty());
    }
}
