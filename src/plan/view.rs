//! A change as it may be shown: normal, masked, and with the keys of both sides in one order.

use std::borrow::Cow;

use serde_json::Value;

use super::normal::{align, normal};
use super::{Action, Change};
use crate::object::embedded::{self, KEY};
use crate::object::{Masker, Policy};

/// Both sides of a change. Embedded documents are values, not texts.
pub(super) struct View {
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

impl View {
    pub(super) fn of(change: &Change, masker: &mut Masker) -> Self {
        let mut side = |body: &Option<Value>| {
            body.as_ref().map(|body| {
                // A manifest that is not there yet has nothing that a server adds.
                let created = change.action == Action::Create;
                let mut body = if created { body.clone() } else { normal(body) };
                masker.mask(&change.id, &mut body);
                expand(&mut body);
                body
            })
        };
        let (before, after) = (side(&change.before), side(&change.after));
        let before = match (before, &after) {
            (Some(before), Some(after)) => Some(align(before, after)),
            (before, _) => before,
        };
        Self { before, after }
    }
}

/// The text of `kubesphere.yaml` as the value that it is, where it can be read.
fn expand(body: &mut Value) {
    if let Some(text) = body.get_mut("data").and_then(|data| data.get_mut(KEY))
        && let Some(Ok(document)) = text.as_str().map(embedded::parse)
    {
        *text = document;
    }
}

/// The reverse: a manifest in which the document is a text again. Most have none and are not copied.
pub(super) fn collapse(body: &Value) -> Cow<'_, Value> {
    if !body["data"][KEY].is_object() {
        return Cow::Borrowed(body);
    }
    let mut body = body.clone();
    let document = body["data"][KEY].take();
    embedded::write(&mut body, &document);
    Cow::Owned(body)
}

/// The values of a conflict as they may be shown: what the configuration wants, what is live.
pub(super) fn conflict(
    change: &Change,
    conflict: &super::Conflict,
    masker: &mut Masker,
) -> (Value, Value) {
    let mut show = |value: &Value| match change.policy {
        Policy::Embedded => masker.mask_entry(&conflict.path, value),
        _ => value.clone(),
    };
    (show(&conflict.desired), show(&conflict.live))
}
