//! What a person does next about a pod in trouble.

use serde_json::Value;

use super::text::clean;

/// One sentence for a reason: the command that shows more, and the usual cure.
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
            "load image {} onto {}, or allow it to be pulled: its imagePullPolicy is Never",
            pod.image, pod.node
        ),
        "CreateContainerConfigError" => format!(
            "create what the message names, and the kubelet goes on by itself; {} shows all that \
             container {} refers to",
            pod.describe(),
            pod.container
        ),
        "OOMKilled" => pod.memory(),
        "StartError" | "ContainerCannotRun" | "RunContainerError" | "CreateContainerError" => {
            format!(
                "the container runtime on {} could not start it: {} shows its events; check \
                 command and image {}",
                pod.node,
                pod.describe(),
                pod.image
            )
        }
        "CrashLoopBackOff" | "Error" | "Completed" => pod.crash(message),
        "Failed" => format!(
            "`kubectl -n {} logs {} --all-containers` shows why; nobody starts it again",
            pod.namespace, pod.name
        ),
        "Unschedulable" => pod.unschedulable(message),
        "SchedulingGated" => {
            format!(
                "{} shows its scheduling gates: who set them has to remove them",
                pod.describe()
            )
        }
        "NodeLost" | "Unknown" => format!(
            "`kubectl describe node` shows whether {} is there: its kubelet does not answer",
            pod.node
        ),
        "Evicted" => format!(
            "`kubectl describe node` shows what {} lacks; free it, then delete the evicted pod",
            pod.node
        ),
        _ => format!("{} shows its events", pod.describe()),
    }
}

/// What sentences say of a pod.
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
        // What the runtime says is in the message then; there is no log of what never ran.
        if message.contains("failed to create containerd task") {
            return format!(
                "check command and image {} of container {}",
                self.image, self.container
            );
        }
        format!(
            "`kubectl -n {} logs {} -c {} --previous` shows why it ended",
            self.namespace, self.name, self.container
        )
    }

    fn pull(&self, message: &str) -> String {
        let (image, node) = (&self.image, &self.node);
        let says = |words: &[&str]| {
            let message = message.to_ascii_lowercase();
            words.iter().any(|word| message.contains(word))
        };
        if says(&["x509", "certificate", "http response to https client"]) {
            format!("make the container runtime on {node} trust the registry of {image}")
        } else if says(&["unauthorized", "authentication required", "forbidden", "access denied"]) {
            format!(
                "the registry wants a login, or has no such image: check {image} and the \
                 imagePullSecrets of the pod"
            )
        } else if says(&["not found", "manifest unknown", "no match for platform"]) {
            format!("the registry has no {image} for {node}: push it there, or correct its name")
        } else if says(&["toomanyrequests", "too many requests", "429"]) {
            format!("the registry limits pulls: wait, log in, or take {image} from a mirror")
        } else if says(&["no such host", "i/o timeout", "dial tcp", "deadline", "lookup"]) {
            format!(
                "{node} cannot reach the registry of {image}: check its network and DNS, or take \
                 the images from a registry that it reaches"
            )
        } else {
            format!("{} shows the registry's answer for {image}", self.describe())
        }
    }

    fn memory(&self) -> String {
        let container = &self.container;
        match self.spec["resources"]["limits"]["memory"].as_str().map(clean) {
            Some(limit) => {
                format!("raise the memory limit of container {container}, which is {limit}")
            }
            None => format!(
                "{} ran out of memory: free some, or give container {container} a request and a \
                 limit",
                self.node
            ),
        }
    }

    fn unschedulable(&self, message: &str) -> String {
        if message.contains("PersistentVolumeClaim") || message.contains("persistentvolumeclaim") {
            return format!(
                "`kubectl -n {} get pvc` shows which claim has no volume: is there a default \
                 StorageClass, and does its provisioner run",
                self.namespace
            );
        }
        if message.contains("Insufficient") {
            return "add a node, free resources, or lower the requests: `kubectl describe nodes` \
                    shows what is taken"
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
        format!("{} shows what the scheduler misses", self.describe())
    }
}

/// The container of a name; null when there is none.
fn container_of<'a>(spec: &'a Value, name: &str) -> &'a Value {
    ["initContainers", "containers", "ephemeralContainers"]
        .iter()
        .filter_map(|list| spec[list].as_array())
        .flatten()
        .find(|container| container["name"] == name)
        .unwrap_or(&Value::Null)
}
