//! The texts of an archive. Pure.

use serde_json::{Value, json};

use crate::diagnose::Event;
use crate::object::{ObjectId, is_terminating};
use crate::status::{Installed, event_line};

/// The README of the archive.
pub(super) const README: &str = "This archive was created by `ksi bundle`.

status.txt       output of `ksi status`; status.json contains the same as JSON
version.json     versions of ksi, KubeSphere and Kubernetes
inventory.json   the objects that ksi owns
objects/         the objects by component; Secrets without values
pods/            the pods in the namespaces of the installation
logs/            the logs of their containers, current and previous
events.txt       events, the newest last; events.json contains the same as JSON
secrets.json     names, types and keys of the Secrets in these namespaces
nodes.yaml       the nodes
webhooks.yaml    all admission webhooks of the cluster
definitions.txt  names of all CustomResourceDefinitions of the cluster
left-out.txt     what could not be collected, and why

Secret values are replaced by ***. Names of hosts, users and namespaces are not.
";

/// The files that are in every archive.
pub(super) const FILES: [&str; 12] = [
    "README",
    "secrets.json",
    "inventory.json",
    "version.json",
    "status.txt",
    "status.json",
    "events.txt",
    "events.json",
    "nodes.yaml",
    "webhooks.yaml",
    "definitions.txt",
    "left-out.txt",
];

/// The inventory without its key and hashes.
pub(super) fn inventory(installed: &Installed) -> Value {
    let entries = installed.inventory.entries().iter().map(|entry| {
        json!({
            "id": entry.id, "uid": entry.uid, "component": entry.component,
            "policy": entry.policy, "written": !entry.is_pending(),
        })
    });
    json!({
        "format": installed.inventory.format,
        "ksiVersion": installed.inventory.ksi_version,
        "written": installed.written,
        "entries": entries.collect::<Vec<_>>(),
    })
}

/// Where an object goes: `objects/tower/deployment_kubesphere-system_tower.yaml`.
pub(super) fn path(folder: &str, id: &ObjectId) -> String {
    let kind = id.kind.to_ascii_lowercase();
    let parts = [Some(kind.as_str()), id.namespace.as_deref(), Some(id.name.as_str())];
    let name: Vec<String> = parts.into_iter().flatten().map(file_name).collect();
    format!("{folder}/{}.yaml", name.join("_"))
}

/// Names of RBAC may hold slashes and colons.
fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' };
    name.chars().map(plain).collect()
}

/// Events as a table.
pub(super) fn events(events: &[Event]) -> String {
    lines(events.iter().map(event_line))
}

/// Each text as a line.
pub(super) fn lines(texts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    texts.into_iter().fold(String::new(), |all, text| all + text.as_ref() + "\n")
}

/// One definition a line, from its metadata.
pub(super) fn definitions(bodies: &[Value]) -> String {
    let name = |body: &Value| body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let mut lines: Vec<String> = bodies
        .iter()
        .map(|body| {
            let created = body["metadata"]["creationTimestamp"].as_str().unwrap_or_default();
            let leaves = if is_terminating(body) { "  is being deleted" } else { "" };
            format!("{created}  {}{leaves}\n", name(body))
        })
        .collect();
    lines.sort_by(|a, b| a[22.min(a.len())..].cmp(&b[22.min(b.len())..]));
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Kind;
    use crate::status::testing::{deployment, installed};

    #[test]
    fn the_inventory_is_shown_without_key_and_hashes() {
        let shown = inventory(&installed(&[deployment("tower")])).to_string();
        assert!(shown.contains("\"tower\""));
        for word in ["digest", "key", "0707", "base", "owned"] {
            assert!(!shown.contains(word), "{word}: {shown}");
        }
    }

    #[test]
    fn paths_are_names_of_files() {
        let kind = Kind::new("rbac.authorization.k8s.io", "v1", "ClusterRole");
        let id = kind.named(None, "../system:a/b");
        assert_eq!(path("objects/x", &id), "objects/x/clusterrole_.._system_a_b.yaml");
    }
}
