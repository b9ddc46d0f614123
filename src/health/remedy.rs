//! What to do next about a problem of a pod.

use serde_json::Value;

use super::text::clean;

/// One sentence for a reason: the usual fix, and the command that shows more.
pub(super) fn next_step(
    pod: &Value,
    container: Option<&str>,
    reason: &str,
    message: &str,
) -> String {
    let pod = Pod::of(pod, container);
    match reason {
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => pod.pull(message),
        "InvalidImageName" => format!("correct the image name {} in the configuration", pod.image),
        "ErrImageNeverPull" => format!(
            "load image {} onto {}, or change the imagePullPolicy, which is Never",
            pod.image, pod.node
        ),
        "CreateContainerConfigError" => format!(
            "create the missing object that the message names: the kubelet then retries; {} shows \
             everything that container {} refers to",
            pod.describe(),
            pod.container
        ),
        "OOMKilled" => pod.memory(),
        "StartError" | "ContainerCannotRun" | "RunContainerError" | "CreateContainerError" => {
            format!(
                "the container runtime on {} could not start it: check command and image {}; {} shows \
                 its events",
                pod.node,
                pod.image,
                pod.describe()
            )
        }
        "CrashLoopBackOff" | "Error" | "Completed" => pod.crash(message),
        "Failed" => format!(
            "`kubectl -n {} logs {} --all-containers` shows why; the pod is not restarted",
            pod.namespace, pod.name
        ),
        "Unschedulable" => pod.unschedulable(message),
        "SchedulingGated" => {
            format!("wait until its scheduling gates are removed: {} shows them", pod.describe())
        }
        "NodeLost" | "Unknown" => format!(
            "the kubelet on {} does not respond: check it with `kubectl describe node`",
            pod.node
        ),
        "Evicted" => format!(
            "free resources on {} (`kubectl describe node` shows what is short), then delete the \
             evicted pod",
            pod.node
        ),
        _ => format!("{} shows its events", pod.describe()),
    }
}

/// The values that the sentences name.
struct Pod<'a> {
    spec: &'a Value,
    name: String,
    namespace: String,
    node: String,
    container: String,
    image: String,
}

impl<'a> Pod<'a> {
    fn of(pod: &'a Value, container: Option<&str>) -> Self {
        let text = |value: &Value, default: &str| clean(value.as_str().unwrap_or(default));
        let container = container.unwrap_or_default().to_owned();
        let spec = container_of(&pod["spec"], &container);
        Self {
            spec,
            name: text(&pod["metadata"]["name"], "POD"),
            namespace: text(&pod["metadata"]["namespace"], "default"),
            node: pod["spec"]["nodeName"]
                .as_str()
                .map_or_else(|| "its node".to_owned(), |node| format!("node {}", clean(node))),
            image: format!("`{}`", text(&spec["image"], "")),
            container,
        }
    }

    fn describe(&self) -> String {
        format!("`kubectl -n {} describe pod {}`", self.namespace, self.name)
    }

    fn crash(&self, message: &str) -> String {
        // The message has the error of the runtime; a container that never ran has no log.
        if message.contains("failed to create containerd task") {
            return format!(
                "check command and image {} of container {}",
                self.image, self.container
            );
        }
        format!(
            "`kubectl -n {} logs {} -c {} --previous` shows why it exited",
            self.namespace, self.name, self.container
        )
    }

    fn pull(&self, message: &str) -> String {
        let (image, node) = (&self.image, &self.node);
        let contains = |words: &[&str]| {
            let message = message.to_ascii_lowercase();
            words.iter().any(|word| message.contains(word))
        };
        if contains(&["x509", "certificate", "http response to https client"]) {
            format!("make the container runtime on {node} trust the registry of {image}")
        } else if contains(&[
            "unauthorized",
            "authentication required",
            "forbidden",
            "access denied",
        ]) {
            format!(
                "the registry requires a login, or has no such image: check {image} and the \
                 imagePullSecrets of the pod"
            )
        } else if contains(&["not found", "manifest unknown", "no match for platform"]) {
            format!("the registry has no {image} for {node}: push it, or correct the image name")
        } else if contains(&["toomanyrequests", "too many requests", "429"]) {
            format!(
                "the registry limits the pull rate: wait, log in, or pull {image} from a mirror"
            )
        } else if contains(&["no such host", "i/o timeout", "dial tcp", "deadline", "lookup"]) {
            format!(
                "{node} cannot reach the registry of {image}: check its network and DNS, or use a \
                 registry that it can reach"
            )
        } else {
            format!("{} shows the error of the registry for {image}", self.describe())
        }
    }

    fn memory(&self) -> String {
        let container = &self.container;
        match self.spec["resources"]["limits"]["memory"].as_str().map(clean) {
            Some(limit) => {
                format!("raise the memory limit of container {container} (now {limit})")
            }
            None => format!(
                "{} ran out of memory: free some, or set a memory request and limit for container \
                 {container}",
                self.node
            ),
        }
    }

    fn unschedulable(&self, message: &str) -> String {
        if message.contains("PersistentVolumeClaim") || message.contains("persistentvolumeclaim") {
            return format!(
                "check that there is a default StorageClass and that its provisioner runs: `kubectl -n \
                 {} get pvc` shows the unbound claims",
                self.namespace
            );
        }
        if message.contains("Insufficient") {
            return "add a node, free resources, or lower the requests: `kubectl describe nodes` \
                    shows what is in use"
                .to_owned();
        }
        if message.contains("taint") || message.contains("affinity") || message.contains("selector")
        {
            return format!(
                "compare nodeSelector, affinity and tolerations in {} with the labels and taints \
                 of `kubectl get nodes --show-labels`",
                self.describe()
            );
        }
        format!("{} shows why it cannot be scheduled", self.describe())
    }
}

/// The container with this name; null if there is none.
fn container_of<'a>(spec: &'a Value, name: &str) -> &'a Value {
    ["initContainers", "containers", "ephemeralContainers"]
        .iter()
        .filter_map(|list| spec[list].as_array())
        .flatten()
        .find(|container| container["name"] == name)
        .unwrap_or(&Value::Null)
}
