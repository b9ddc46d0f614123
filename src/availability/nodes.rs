//! What nodes hold, as their kubelets and pods say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::registry::{Platform, Reference};

/// How many images a kubelet lists at most, unless its `nodeStatusMaxImages` says otherwise: the largest ones.
const LISTED: usize = 50;

/// The nodes of a cluster, or some of them.
#[derive(Debug, Clone, Default)]
pub struct Nodes(Vec<Node>);

#[derive(Debug, Clone)]
struct Node {
    name: String,
    platform: Option<Platform>,
    /// Full names, with tag or digest.
    images: BTreeSet<String>,
    /// Whether what is not listed is not there.
    complete: bool,
}

/// Who holds an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders {
    /// The nodes that hold it.
    pub nodes: Vec<String>,
    /// The nodes that may hold it: their kubelets do not list all images.
    pub unknown: Vec<String>,
}

impl Nodes {
    /// From whole Nodes.
    pub fn of<'n>(nodes: impl IntoIterator<Item = &'n Value>) -> Self {
        Self(nodes.into_iter().filter_map(node).collect())
    }

    /// Adds what pods with running containers prove, beyond the limit of the kubelets' lists.
    #[must_use]
    pub fn with_pods(mut self, pods: &[Value]) -> Self {
        for pod in pods {
            let on = pod["spec"]["nodeName"].as_str().unwrap_or_default();
            let Some(node) = self.0.iter_mut().find(|node| node.name == on) else { continue };
            node.images.extend(running(pod));
        }
        self
    }

    /// Whether there are none, or none that pull images: simulated nodes list nothing, not even the pause image.
    pub fn pull_nothing(&self) -> bool {
        self.0.iter().all(|node| node.images.is_empty())
    }

    /// How many nodes there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The platforms of the nodes, each with its nodes.
    pub fn platforms(&self) -> BTreeMap<Platform, Vec<String>> {
        let mut platforms: BTreeMap<Platform, Vec<String>> = BTreeMap::new();
        for node in &self.0 {
            if let Some(platform) = &node.platform {
                platforms.entry(platform.clone()).or_default().push(node.name.clone());
            }
        }
        platforms
    }

    /// The nodes that hold an image: by its digest, if the reference has one.
    pub fn holders(&self, image: &Reference) -> Holders {
        let mut holders = Holders::default();
        let wanted = match (image.digest(), image.tag()) {
            (Some(digest), _) => format!("{}@{digest}", image.repository()),
            (None, tag) => format!("{}:{}", image.repository(), tag.unwrap_or_default()),
        };
        for node in &self.0 {
            if node.images.contains(&wanted) {
                holders.nodes.push(node.name.clone());
            } else if !node.complete {
                holders.unknown.push(node.name.clone());
            }
        }
        holders
    }
}

fn node(body: &Value) -> Option<Node> {
    let info = &body["status"]["nodeInfo"];
    let text = |field: &str| info[field].as_str().filter(|text| !text.is_empty());
    let platform = text("operatingSystem").zip(text("architecture"));
    let listed = body["status"]["images"].as_array().map_or(&[][..], Vec::as_slice);
    let names = listed.iter().filter_map(|image| image["names"].as_array()).flatten();
    Some(Node {
        name: body["metadata"]["name"].as_str()?.to_owned(),
        platform: platform.map(|(os, architecture)| Platform {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: None,
        }),
        images: names.filter_map(|name| full(name.as_str()?)).flatten().collect(),
        complete: !listed.is_empty() && listed.len() < LISTED,
    })
}

/// The images of the running containers of a pod.
fn running(pod: &Value) -> Vec<String> {
    let statuses = pod["status"]["containerStatuses"].as_array();
    let running = statuses.into_iter().flatten().filter(|one| one["state"]["running"].is_object());
    let containers = pod["spec"]["containers"].as_array();
    let image = |name: &Value| {
        let found = containers?.iter().find(|container| container["name"] == *name)?;
        full(found["image"].as_str()?)
    };
    let mut images = Vec::new();
    for status in running {
        images.extend(image(&status["name"]).into_iter().flatten());
        images.extend(status["imageID"].as_str().and_then(full).into_iter().flatten());
    }
    images
}

/// The full names of an image: with its tag, with its digest.
fn full(name: &str) -> Option<Vec<String>> {
    // Docker's runtime shows where it got an image from.
    let name = name.split_once("://").map_or(name, |(_, name)| name);
    let image: Reference = name.parse().ok()?;
    let tag = image.tag().map(|tag| format!("{}:{tag}", image.repository()));
    let digest = image.digest().map(|digest| format!("{}@{digest}", image.repository()));
    Some(tag.into_iter().chain(digest).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn listing(name: &str, images: &[&str], others: usize) -> Value {
        let mut listed: Vec<Value> = images.iter().map(|name| json!({"names": [name]})).collect();
        listed.extend((0..others).map(|n| json!({"names": [format!("x/other:{n}")]})));
        json!({"metadata": {"name": name}, "status": {"images": listed,
               "nodeInfo": {"operatingSystem": "linux", "architecture": "amd64"}}})
    }

    fn image(text: &str) -> Reference {
        text.parse().unwrap()
    }

    #[test]
    fn a_node_holds_what_its_kubelet_lists() {
        let pinned = format!("docker.io/kubesphere/tower@sha256:{}", "a".repeat(64));
        let nodes = [
            listing("a", &["docker.io/kubesphere/tower:v0.2.1", &pinned], 3),
            listing("b", &[], 49),
            listing("c", &[], 50),
            json!({"metadata": {"name": "simulated"}}),
        ];
        let nodes = Nodes::of(&nodes);
        let holders = nodes.holders(&image("kubesphere/tower:v0.2.1"));
        assert_eq!(holders.nodes, ["a"]);
        assert_eq!(holders.unknown, ["c", "simulated"], "their lists are cut, or empty");
        assert_eq!(nodes.holders(&image(&pinned)).nodes, ["a"]);
        let other = format!("kubesphere/tower:v0.2.1@sha256:{}", "b".repeat(64));
        assert!(nodes.holders(&image(&other)).nodes.is_empty(), "another digest is another image");
        let platforms: Vec<_> = nodes.platforms().into_keys().map(|p| p.to_string()).collect();
        assert_eq!(platforms, ["linux/amd64"]);
        assert!(!nodes.pull_nothing());
        assert!(Nodes::of(&[json!({"metadata": {"name": "simulated"}})]).pull_nothing());
    }

    #[test]
    fn a_running_container_proves_what_a_cut_list_does_not_show() {
        let nodes = [listing("c", &[], 50)];
        let pod = |state: &str| {
            json!({"spec": {"nodeName": "c", "containers": [{"name": "m", "image": "redis:5"}]},
                   "status": {"containerStatuses": [{"name": "m", "image": "sha256:1",
                              "imageID": "x", "state": {state: {}}}]}})
        };
        let holders = |state: &str| {
            Nodes::of(&nodes).with_pods(&[pod(state)]).holders(&image("docker.io/library/redis:5"))
        };
        assert_eq!(holders("running").nodes, ["c"]);
        assert_eq!(holders("waiting").unknown, ["c"]);
    }
}
