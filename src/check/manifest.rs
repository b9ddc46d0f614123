//! Fields of manifests.

use serde_json::Value;

/// A string; empty if the value is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The items of a list; none if the value is not a list.
pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn name(object: &Value) -> &str {
    text(&object["metadata"]["name"])
}

pub(super) fn namespace(object: &Value) -> &str {
    text(&object["metadata"]["namespace"])
}

/// `namespace/name`, or only the name of a cluster-scoped object.
pub(super) fn full_name(object: &Value) -> String {
    match namespace(object) {
        "" => name(object).to_owned(),
        namespace => format!("{namespace}/{}", name(object)),
    }
}

/// A condition of an object's status.
pub(super) fn condition<'v>(object: &'v Value, kind: &str) -> Option<&'v Value> {
    items(&object["status"]["conditions"]).find(|c| c["type"] == kind)
}

/// Whether a condition is true.
pub(super) fn is(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|c| c["status"] == "True")
}

/// The message of a condition, or else its reason.
pub(super) fn message(condition: &Value) -> String {
    let message = text(&condition["message"]);
    clean(if message.is_empty() { text(&condition["reason"]) } else { message })
}

/// Text from a cluster, sanitized for a terminal: one line, no control characters, at most 300 characters.
pub(super) fn clean(text: &str) -> String {
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    spaced.filter(|c| !c.is_control()).take(300).collect()
}

/// The first names of a list, and how many more there are.
pub(super) fn some_of(names: &[String]) -> String {
    const MOST: usize = 5;
    match names.len().checked_sub(MOST) {
        None | Some(0) => names.join(", "),
        Some(more) => format!("{} and {more} more", names[..MOST].join(", ")),
    }
}
