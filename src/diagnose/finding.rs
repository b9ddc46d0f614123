//! Findings.

use serde::Serialize;
use serde_json::Value;

use crate::cluster::Error;
use crate::health::Trouble;
use crate::object::{ObjectId, Scrubber};

/// A problem of an object, and what to do about it. Never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The object at fault: often a pod of the one that is not healthy.
    pub object: ObjectId,
    /// The reason in one word, as controllers write it: `ImagePullBackOff`.
    pub reason: String,
    /// The problem, in one sentence.
    pub message: String,
    /// The last events and log lines.
    pub lines: Vec<String>,
    /// What to do next, in one sentence.
    pub next_step: String,
}

/// An object that does not exist.
pub(super) fn missing(id: &ObjectId) -> Finding {
    let message = "not found: it was deleted, or never created".to_owned();
    let next_step = "run `ksi apply` with the same configuration to create it".to_owned();
    of(id, "NotFound", &message, Vec::new(), next_step)
}

/// An object that cannot be read.
pub(super) fn unreadable(id: &ObjectId, error: &Error) -> Finding {
    of(id, "Unreadable", &error.to_string(), Vec::new(), error.help.clone())
}

/// A problem of a pod.
pub(super) fn of_trouble(trouble: &Trouble, lines: Vec<String>) -> Finding {
    let container = trouble.container.as_ref().map(|name| format!("container {name}"));
    let exit = trouble.exit_code.map(|code| format!("exit code {code}"));
    let restarts = match trouble.restarts {
        0 => None,
        1 => Some("1 restart".to_owned()),
        many => Some(format!("{many} restarts")),
    };
    let message = Some(trouble.message.clone()).filter(|message| !message.is_empty());
    let parts: Vec<String> = [container, exit, restarts, message].into_iter().flatten().collect();
    let object = &trouble.object;
    of(object, &trouble.reason, &parts.join(", "), lines, trouble.next_step.clone())
}

/// A Service that waits for an address.
pub(super) fn no_address(id: &ObjectId, live: &Value) -> Finding {
    let port = live["spec"]["ports"][0]["nodePort"].as_u64();
    let alternative =
        port.map_or_else(String::new, |port| format!(", or use port {port} of any node"));
    let next_step =
        format!("install a load balancer that assigns addresses to Services{alternative}");
    of_endpoint(id, "no load balancer has assigned an address", next_step)
}

/// A Service that cannot be reached.
pub(super) fn of_endpoint(id: &ObjectId, message: &str, next_step: String) -> Finding {
    of(id, "AddressPending", message, Vec::new(), next_step)
}

/// A terminating object, and what it waits for.
pub(super) fn terminating(id: &ObjectId, message: &str, inside: bool) -> Finding {
    let objects = if inside { "the objects listed here" } else { "it" };
    let next_step = format!(
        "make sure that the controllers that remove these finalizers are running, then run again; if they no \
         longer exist, remove the finalizers from {objects}, which skips the clean-up"
    );
    of(id, "Terminating", message, Vec::new(), next_step)
}

/// Any other object, as its status describes it.
pub(super) fn of_object(id: &ObjectId, state: &str, reason: &str, lines: Vec<String>) -> Finding {
    let namespace = id.namespace.as_ref().map_or_else(String::new, |n| format!("-n {n} "));
    // Kinds of several groups may share a name.
    let kind = match id.group.as_str() {
        "" | "apps" | "batch" => id.kind.to_ascii_lowercase(),
        group => format!("{}.{group}", id.kind.to_ascii_lowercase()),
    };
    let next_step =
        format!("run `kubectl {namespace}describe {kind} {}` to see its events", id.name);
    of(id, state, reason, lines, next_step)
}

fn of(
    id: &ObjectId,
    reason: &str,
    message: &str,
    lines: Vec<String>,
    next_step: String,
) -> Finding {
    let message = Scrubber::new().text(message);
    Finding { object: id.clone(), reason: reason.to_owned(), message, lines, next_step }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Kind;

    fn pod() -> ObjectId {
        Kind::new("", "v1", "Pod").named(Some("a"), "tower-x")
    }

    #[test]
    fn a_finding_about_a_pod_has_one_line() {
        let trouble = Trouble {
            object: pod(),
            container: Some("tower".into()),
            reason: "CrashLoopBackOff".into(),
            message: "back-off 10s, password=hunter2".into(),
            exit_code: Some(2),
            restarts: 3,
            next_step: "describe".into(),
        };
        let finding = of_trouble(&trouble, Vec::new());
        let expected = "container tower, exit code 2, 3 restarts, back-off 10s, password=***";
        assert_eq!(finding.message, expected);
        assert_eq!(finding.next_step, "describe");
    }

    #[test]
    fn the_next_step_can_be_pasted() {
        let id = Kind::new("iam.kubesphere.io", "v1alpha2", "User").named(None, "admin");
        let finding = of_object(&id, "Progressing", "is not active yet", Vec::new());
        let expected = "run `kubectl describe user.iam.kubesphere.io admin` to see its events";
        assert_eq!(finding.next_step, expected);
        let finding = of_object(&pod(), "Progressing", "x", Vec::new());
        assert!(finding.next_step.contains("kubectl -n a describe pod tower-x"));
    }
}
