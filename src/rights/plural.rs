//! The resource names of kinds.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::object::{Object, ObjectId};

/// The resource names from CRDs; all others follow English grammar.
#[derive(Debug, Default)]
pub(super) struct Plurals(BTreeMap<(String, String), String>);

impl Plurals {
    /// From the CRDs among these objects.
    pub(super) fn of(objects: &[Object]) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let definitions = objects.iter().filter(|o| o.id.is_definition());
        let names = definitions.map(|o| &o.body["spec"]).map(|spec| {
            let names = &spec["names"];
            ((text(&spec["group"]), text(&names["kind"])), text(&names["plural"]))
        });
        Self(names.collect())
    }

    /// The resource name of an object's kind.
    pub(super) fn resource(&self, id: &ObjectId) -> String {
        let known = self.0.get(&(id.group.clone(), id.kind.clone()));
        known.cloned().unwrap_or_else(|| plural(&id.kind))
    }
}

/// The plural of a kind by English grammar, which holds for all built-in kinds.
pub fn plural(kind: &str) -> String {
    let lower = kind.to_lowercase();
    match lower.strip_suffix('y') {
        Some(stem) if !lower.ends_with("ey") => format!("{stem}ies"),
        _ if lower.ends_with('s') => format!("{lower}es"),
        _ => format!("{lower}s"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn kinds_of_kubernetes_follow_grammar() {
        for (kind, plural) in [
            ("Deployment", "deployments"),
            ("NetworkPolicy", "networkpolicies"),
            ("StorageClass", "storageclasses"),
            ("APIService", "apiservices"),
        ] {
            assert_eq!(super::plural(kind), plural);
        }
    }
}
