//! A change as it may be shown: normalized, secrets masked, and with the keys of both sides in one order.

use std::borrow::Cow;

use serde_json::Value;

use super::normal::{align, normal};
use super::{Action, Change};
use crate::object::embedded::{self, KEY};
use crate::object::{Masker, Policy};

/// Both sides of a change, masked. Embedded documents are values, not strings.
pub(super) struct Masked<'c> {
    pub(super) before: Option<Value>,
    pub(super) after: Option<Cow<'c, Value>>,
}

impl<'c> Masked<'c> {
    pub(super) fn of(change: &'c Change, masker: &mut Masker) -> Self {
        let mut mask = |mut body: Value| {
            masker.mask(&change.id, &mut body);
            expand(&mut body);
            body
        };
        let before = change.before.as_ref().map(|body| mask(normal(body)));
        let after = change.after.as_ref().map(|body| match change.action {
            // Most of the text of an installation, and it contains no secret: not copied.
            Action::Create if change.id.is_definition() => Cow::Borrowed(body),
            // A manifest that does not exist yet has nothing that a server adds.
            Action::Create => Cow::Owned(mask(body.clone())),
            _ => Cow::Owned(mask(normal(body))),
        });
        let before = match (before, &after) {
            (Some(before), Some(after)) => Some(align(before, after)),
            (before, _) => before,
        };
        Self { before, after }
    }
}

/// Replaces the text of `kubesphere.yaml` by its value, if it can be parsed.
fn expand(body: &mut Value) {
    if let Some(text) = body.get_mut("data").and_then(|data| data.get_mut(KEY))
        && let Some(Ok(document)) = text.as_str().map(embedded::parse)
    {
        *text = document;
    }
}

/// The reverse: a manifest with the document as text. Manifests without one are not copied.
pub(super) fn collapse(body: &Value) -> Cow<'_, Value> {
    if !body["data"][KEY].is_object() {
        return Cow::Borrowed(body);
    }
    let mut body = body.clone();
    let document = body["data"][KEY].take();
    embedded::write(&mut body, &document);
    Cow::Owned(body)
}

/// The desired and the live value of a conflict, masked.
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

/// Path, live and desired value of each key that a first write replaces, masked.
pub(super) fn replaced(change: &Change, masker: &mut Masker) -> Vec<(String, Value, Value)> {
    let show = |one: &super::Conflict| {
        let (desired, live) = conflict(change, one, masker);
        (one.path.to_string(), live, desired)
    };
    change.replaced.iter().map(show).collect()
}
