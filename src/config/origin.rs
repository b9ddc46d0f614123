//! Where each effective value comes from, for `ksi config view --show-origin`.

use serde_json::Value;

use super::Loaded;
use crate::yaml::{Node, Path};

/// One effective leaf value and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// The path below `spec`.
    pub path: Path,
    /// The value.
    pub value: Value,
    /// `file:line:column`, `--set:1:…`, or `None` for a default.
    pub place: Option<String>,
}

/// Every leaf of the effective specification, in order.
pub fn origins(loaded: &Loaded, effective: &Value) -> Vec<Origin> {
    let mut list = Vec::new();
    walk(loaded, effective, loaded.spec.as_ref(), &Path::default(), &mut list);
    list
}

fn walk(loaded: &Loaded, value: &Value, node: Option<&Node>, path: &Path, list: &mut Vec<Origin>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, child) in map {
                walk(loaded, child, node.and_then(|n| n.get(key)), &path.key(key), list);
            }
        }
        // A list is one value: it is replaced as a whole.
        _ => list.push(Origin {
            path: path.clone(),
            value: value.clone(),
            place: node.and_then(|n| n.span).map(|span| loaded.place(span)),
        }),
    }
}
