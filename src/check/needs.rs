//! Which rights an installation needs, read from what it renders.

use std::collections::{BTreeMap, BTreeSet};

use super::context::SYSTEM;
use crate::object::{Object, Policy};

/// What is done with an object: looked at, written, pruned.
fn verbs(policy: Policy) -> &'static [&'static str] {
    match policy {
        Policy::Apply => &["get", "list", "create", "patch", "delete"],
        Policy::Create | Policy::Embedded => &["get", "list", "create", "update", "delete"],
        Policy::Patch => &["get", "list", "patch"],
    }
}

/// A right to do something with a kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Need {
    pub(super) verb: &'static str,
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) namespace: Option<String>,
}

/// Each right once.
pub(super) fn of(desired: &[Object]) -> BTreeSet<Need> {
    let mut needs = BTreeSet::new();
    for Object { id, policy, .. } in desired {
        for verb in verbs(*policy) {
            needs.insert(need(verb, (&id.group, &id.version, &id.kind), id.namespace.as_deref()));
        }
        if id.group == "rbac.authorization.k8s.io" && !id.kind.ends_with("Binding") {
            for verb in ["bind", "escalate"] {
                let kind = (id.group.as_str(), id.version.as_str(), id.kind.as_str());
                needs.insert(need(verb, kind, id.namespace.as_deref()));
            }
        }
    }
    // The lock, the inventory, and what tells why something is not well.
    let lease = ("coordination.k8s.io", "v1", "Lease");
    for verb in ["get", "create", "update"] {
        needs.insert(need(verb, lease, Some(SYSTEM)));
        needs.insert(need(verb, ("", "v1", "Secret"), Some(SYSTEM)));
    }
    for kind in ["Pod", "Event"] {
        needs.insert(need("list", ("", "v1", kind), Some(SYSTEM)));
    }
    needs.insert(need("list", ("", "v1", "Node"), None));
    needs
}

fn need(verb: &'static str, kind: (&str, &str, &str), namespace: Option<&str>) -> Need {
    Need {
        verb,
        group: kind.0.to_owned(),
        version: kind.1.to_owned(),
        kind: kind.2.to_owned(),
        namespace: namespace.map(str::to_owned),
    }
}

/// The plural names of kinds that the definitions among the objects bring.
pub(super) fn plurals(desired: &[Object]) -> BTreeMap<(String, String), String> {
    let definitions = desired.iter().filter(|o| o.id.kind == "CustomResourceDefinition");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    definitions
        .map(|o| &o.body["spec"])
        .map(|spec| {
            let names = &spec["names"];
            ((text(&spec["group"]), text(&names["kind"])), text(&names["plural"]))
        })
        .collect()
}
