//! The base of a three-way merge: what was rendered last, as hashes by path.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Key;
use crate::object::semantic;

/// The last rendered values of one object, as hashes by path.
#[derive(Debug, Clone, Copy)]
pub struct Base<'i> {
    key: &'i Key,
    hashes: &'i BTreeMap<String, String>,
}

impl<'i> Base<'i> {
    /// A base over stored hashes.
    pub fn new(key: &'i Key, hashes: &'i BTreeMap<String, String>) -> Self {
        Self { key, hashes }
    }

    /// Whether a value was rendered at this path.
    pub fn has(&self, pointer: &str) -> bool {
        self.hashes.contains_key(pointer)
    }

    /// Whether a value is semantically equal to the one rendered at this path.
    pub fn holds(&self, pointer: &str, value: &Value) -> bool {
        self.hashes
            .get(pointer)
            .is_some_and(|hash| *hash == self.key.digest(&semantic::canonical(value)))
    }

    /// Whether exactly this text was rendered at this path: for labels, whose values have only one
    /// spelling.
    pub fn holds_exactly(&self, pointer: &str, value: &Value) -> bool {
        self.hashes.get(pointer).is_some_and(|hash| *hash == self.key.digest(value))
    }

    /// The paths of the rendered values.
    pub fn pointers(&self) -> impl Iterator<Item = &'i str> {
        self.hashes.keys().map(String::as_str)
    }
}

/// The base of an embedded document. Empty values are omitted: ksi does not own them. `false` is a
/// deliberate value and stays.
pub(super) fn of_document(key: &Key, document: &Value) -> BTreeMap<String, String> {
    leaves(document)
        .into_iter()
        .filter(|(_, value)| !semantic::is_unset(value))
        .map(|(pointer, value)| (pointer, key.digest(&semantic::canonical(value))))
        .collect()
}

/// The base of an object of which ksi owns only labels and annotations.
pub(super) fn of_metadata(key: &Key, body: &Value) -> BTreeMap<String, String> {
    ["labels", "annotations"]
        .into_iter()
        .flat_map(|field| {
            let entries = body["metadata"][field].as_object().into_iter().flatten();
            entries.map(move |(name, value)| {
                (step(&format!("/metadata/{field}"), name), key.digest(value))
            })
        })
        .collect()
}

/// The leaves of a document with their JSON pointers: scalars, lists, empty mappings. A list whose
/// items all have a name of their own is walked like a mapping from name to item.
pub fn leaves(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    collect("", document, &mut found);
    found
}

fn collect<'v>(pointer: &str, value: &'v Value, found: &mut Vec<(String, &'v Value)>) {
    match children(value) {
        Some(children) if !children.is_empty() => {
            for (name, child) in children {
                collect(&step(pointer, name), child, found);
            }
        }
        _ => found.push((pointer.to_owned(), value)),
    }
}

/// The named parts of a mapping or of a list of named items; `None` for everything else.
pub(crate) fn children(value: &Value) -> Option<Vec<(&str, &Value)>> {
    match value {
        Value::Object(map) => Some(map.iter().map(|(key, child)| (key.as_str(), child)).collect()),
        Value::Array(items) if !items.is_empty() => {
            let mut named: Vec<(&str, &Value)> = Vec::with_capacity(items.len());
            for item in items {
                let name = item.get("name")?.as_str()?;
                if named.iter().any(|(known, _)| *known == name) {
                    return None;
                }
                named.push((name, item));
            }
            Some(named)
        }
        _ => None,
    }
}

/// A JSON pointer one step deeper.
pub(crate) fn step(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn leaves_have_pointers() {
        let document = json!({
            "a": {"b": 1, "c/d": [1, 2], "e": {}},
            "clients": [{"name": "x", "secret": "s"}],
        });
        let pointers: Vec<_> = leaves(&document).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(pointers, ["/a/b", "/a/c~1d", "/a/e", "/clients/x/name", "/clients/x/secret"]);
    }

    #[test]
    fn a_base_uses_semantic_equality_and_omits_only_unset_values() {
        let key = Key::new([1; 32]);
        let hashes = of_document(&key, &json!({"a": "168h", "b": "", "c": false, "d": {}, "e": 0}));
        assert_eq!(hashes.keys().collect::<Vec<_>>(), ["/a", "/c", "/e"]);
        let base = Base::new(&key, &hashes);
        assert!(base.holds("/a", &json!("168h0m0s")) && !base.holds("/a", &json!("1h")));
        assert!(base.holds("/c", &json!(null)) && base.holds("/e", &json!("0s")));
        assert!(!base.has("/b") && !base.holds("/b", &json!("")));
    }
}
