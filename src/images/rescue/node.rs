//! Which node has an image, as the kubelet says it.

use serde_json::Value;

use super::{Held, Wanted};
use crate::cluster::{Cluster, Error, Kind, Selection};
use crate::registry::{Digest, Reference};

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its container runtime with the version: `containerd://1.7.27`.
    pub runtime: String,
    /// What it runs: `linux/amd64`.
    pub platform: String,
    /// Whether it is Ready: otherwise no pod starts there.
    pub ready: bool,
    /// The names of each image on it. The kubelet names at most 50 images, the largest ones.
    images: Vec<Vec<String>>,
}

/// All nodes, or those of a name.
///
/// # Errors
/// They cannot be read.
pub async fn nodes(cluster: &Cluster, name: Option<&str>) -> Result<Vec<Node>, Error> {
    let all = cluster.list(&Kind::new("", "v1", "Node"), &Selection::default()).await?;
    let nodes = all.iter().map(Node::of);
    Ok(nodes.filter(|node| name.is_none_or(|name| node.name == name)).collect())
}

impl Node {
    fn of(node: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let info = &node["status"]["nodeInfo"];
        let images = node["status"]["images"].as_array().map_or(&[][..], Vec::as_slice);
        let conditions = node["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
        let is_ready = |one: &Value| one["type"] == "Ready" && one["status"] == "True";
        let names = |image: &Value| {
            let names = image["names"].as_array().map_or(&[][..], Vec::as_slice);
            names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            name: text(&node["metadata"]["name"]),
            runtime: text(&info["containerRuntimeVersion"]),
            platform: format!("{}/{}", text(&info["operatingSystem"]), text(&info["architecture"])),
            ready: conditions.iter().any(is_ready),
            images: images.iter().map(names).collect(),
        }
    }

    /// Whether a pod can read its images: those of other runtimes are stored otherwise.
    pub fn has_content_store(&self) -> bool {
        self.runtime.starts_with("containerd://")
    }

    /// An image on this node, with its digest: if the reference has one, only that counts. `Err` if the node has the
    /// image, but does not say the digest: it was imported.
    ///
    /// # Errors
    /// The digest is not known.
    pub fn holds(&self, image: &Wanted) -> Option<Result<Held, String>> {
        let mut found: Vec<_> = image.names().filter_map(|name| self.known(name)).collect();
        found.sort_by_key(Result::is_err);
        let found = found.into_iter().next()?;
        Some(found.map(|(name, digest)| Held {
            image: image.published.with_digest(digest),
            name,
            node: self.clone(),
        }))
    }

    /// A name by which the node knows an image, and its digest.
    fn known(&self, image: &Reference) -> Option<Result<(String, Digest), String>> {
        if let Some(digest) = image.digest() {
            let is_it = |name: &&String| {
                name.rsplit_once('@').is_some_and(|(_, own)| own == digest.as_str())
            };
            let name = self.images.iter().flatten().find(is_it)?;
            return Some(Ok((name.clone(), digest.clone())));
        }
        let parsed = |names: &Vec<String>| -> Vec<Reference> {
            names.iter().filter_map(|name| name.parse().ok()).collect()
        };
        let same = |name: &Reference| {
            name.repository() == image.repository()
                && name.digest().is_none()
                && name.tag() == image.tag()
        };
        let mut names = self.images.iter().map(parsed).find(|names| names.iter().any(same))?;
        // The same content may have other digests in other repositories.
        names.sort_by_key(|name| name.repository() != image.repository());
        let digest = names.iter().find_map(Reference::digest).cloned();
        Some(digest.map(|digest| (image.to_string(), digest)).ok_or_else(|| {
            let name = &self.name;
            format!("node {name} has {image}, but does not say its digest: it was imported there")
        }))
    }

    /// What brings an image to a registry on the node itself.
    pub fn commands(&self, image: &Wanted, to: &str) -> String {
        let known = image.names().find(|name| self.known(name).is_some());
        self.export(&known.unwrap_or(&image.published).to_string(), to)
    }

    /// What brings an image, by its name on the node, to a registry.
    pub(super) fn export(&self, name: &str, to: &str) -> String {
        let on = format!("on node {}, as root:", self.name);
        let then = format!("where ksi is:\n  ksi images copy --from FROM --to {to}");
        if self.runtime.starts_with("docker://") {
            let then = then.replace("FROM", "docker-archive:image.tar");
            return format!("{on}\n  docker save --output image.tar {name}\n{then}");
        }
        if self.runtime.starts_with("cri-o://") {
            return format!("{on}\n  skopeo copy containers-storage:{name} docker://{to}/...");
        }
        let then = then.replace("FROM", "oci-archive:image.tar");
        format!(
            "{on}\n  ctr --namespace k8s.io images export --platform {} image.tar {name}\n\
             or, with nerdctl:\n  nerdctl --namespace k8s.io save --output image.tar {name}\n{then}",
            self.platform
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(runtime: &str) -> Node {
        let digest = format!("sha256:{}", "a".repeat(64));
        Node::of(&json!({
            "metadata": {"name": "n1"},
            "status": {
                "nodeInfo": {
                    "containerRuntimeVersion": runtime, "operatingSystem": "linux", "architecture": "amd64",
                },
                "images": [
                    {"names": ["docker.io/kubesphere/imported:1"]},
                    {"names": [format!("docker.io/kubesphere/tower@{digest}"), "docker.io/kubesphere/tower:v0.2.1"]},
                ],
            },
        }))
    }

    fn published(image: &str) -> Wanted {
        Wanted::published(image.parse().unwrap())
    }

    #[test]
    fn an_image_that_was_pulled_has_a_digest() {
        let node = node("containerd://1.7.27");
        let held = node.holds(&published("kubesphere/tower:v0.2.1")).unwrap().unwrap();
        assert!(held.image.to_string().starts_with("docker.io/kubesphere/tower:v0.2.1@sha256:aaa"));
        let imported = node.holds(&published("kubesphere/imported:1")).unwrap();
        assert!(imported.unwrap_err().contains("imported"));
        assert_eq!(node.holds(&published("kubesphere/tower:v0.2.2")), None);
    }

    #[test]
    fn a_digest_that_is_wanted_counts_and_else_that_of_the_same_repository() {
        let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
        let mut node = node("containerd://1.7.27");
        let name = "docker.io/kubesphere/tower";
        let other = format!("r.example/kubesphere/tower@{}", digest("b"));
        node.images[1] = vec![other, format!("{name}:v0.2.1"), format!("{name}@{}", digest("a"))];
        let held = |image: &str| {
            let held = node.holds(&published(image))?.unwrap();
            held.image.digest().map(ToString::to_string)
        };
        assert_eq!(held("kubesphere/tower:v0.2.1"), Some(digest("a")));
        let pinned = |letter| held(&format!("kubesphere/tower:v0.2.1@{}", digest(letter)));
        assert_eq!(pinned("a"), Some(digest("a")));
        assert_eq!(pinned("c"), None, "the node has another image under this tag");
    }

    #[test]
    fn what_was_pulled_from_a_private_registry_goes_by_its_name_there() {
        let mut node = node("containerd://1.7.27");
        let digest = format!("sha256:{}", "c".repeat(64));
        let inside = "r.example:5000/mirror/kubesphere/ks-console";
        node.images[1] = vec![format!("{inside}@{digest}"), format!("{inside}:v3.4.1")];
        let local = format!("{inside}:v3.4.1");
        let mut wanted = published("kubesphere/ks-console:v3.4.1");
        assert_eq!(node.holds(&wanted), None);
        wanted.local = Some(local.parse().unwrap());
        let held = node.holds(&wanted).unwrap().unwrap();
        let image = format!("docker.io/kubesphere/ks-console:v3.4.1@{digest}");
        assert_eq!((held.image.to_string(), &held.name), (image, &local));
        let commands = held.commands("other.example");
        assert!(commands.contains(&format!("image.tar {local}\n")), "{commands}");
    }

    #[test]
    fn the_commands_are_those_of_the_runtime() {
        let image = published("kubesphere/tower:v0.2.1");
        for (runtime, program) in
            [("containerd://2.0.0", "ctr --namespace k8s.io"), ("docker://20.10.8", "docker save")]
        {
            let commands = node(runtime).commands(&image, "r.example:5000");
            assert!(commands.contains(program), "{commands}");
            assert!(commands.contains("--to r.example:5000"), "{commands}");
        }
        assert!(!node("docker://20.10.8").has_content_store());
    }
}
