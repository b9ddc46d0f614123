//! The decision about one object.

use serde_json::Value;

use super::draft::Draft;
use super::merge::{Conflict, merge_with};
use super::normal::{normal, overlay};
use super::{Action, Change, Observed, PlanOptions, dry_run, labels, ownership};
use crate::inventory::{Base, Entry, Inventory, Prune, prune};
use crate::object::{
    FEDERATED, Finalizers, Object, Policy, embedded, foreign_fields, is_federated, is_terminating,
    semantic,
};

/// Decides about a desired object.
pub(super) fn desired(object: &Object, observed: &Observed, options: &PlanOptions) -> Change {
    let change = Draft::of(object);
    let live = observed.objects.get(&object.id);
    // A terminating object is treated as deleted: it is created again once it is gone.
    let Some(live) = live.filter(|live| !is_terminating(live)) else {
        let body = match object.policy {
            Policy::Patch => labels::partial(&object.body),
            _ => object.body.clone(),
        };
        return change.write(Action::Create, None, body);
    };
    if is_federated(live) {
        return change.because(FEDERATED).without_write(Action::Keep);
    }
    let inventory = observed.inventory.as_ref();
    let entry = inventory.and_then(|inventory| inventory.get(&object.id));
    match object.policy {
        Policy::Create => created(change, object, live, entry, inventory),
        Policy::Apply => {
            let adoption = ownership::adoption(entry, inventory.is_some(), live);
            match observed.dry_runs.get(&object.id) {
                None => applied(change, object, live, entry, adoption),
                Some(result) => {
                    let existing = dry_run::Existing { object, live, adoption };
                    dry_run::decide(change, existing, result, options)
                }
            }
        }
        Policy::Patch => {
            let base = inventory.and_then(|inventory| base(inventory, entry));
            let patched = labels::patch(&object.body, live, base.as_ref(), options.winner);
            merged(change, live, &patched.body, patched.conflicts)
                .sending(is_served(live).then(|| labels::partial(&object.body)))
        }
        Policy::Embedded => {
            let adoption = ownership::adoption(entry, inventory.is_some(), live);
            let base = inventory.and_then(|i| base(i, entry)).filter(|_| adoption.is_none());
            document(change.adopting(adoption), object, live, base.as_ref(), options)
        }
    }
}

/// Decides about an existing object of policy `create`, which somebody else owns by now. Only our own
/// Secrets follow the stored values: a new jwtSecret or a renewed certificate must reach the cluster, and
/// a Secret must not contradict the ConfigMap next to it.
fn created(
    change: Draft,
    object: &Object,
    live: &Value,
    entry: Option<&Entry>,
    inventory: Option<&Inventory>,
) -> Change {
    let secret = object.id.is_secret();
    // A Secret of the same name that somebody else created is not ours to change.
    let ours = entry.is_some_and(|entry| !entry.is_pending()) || inventory.is_none();
    if secret && ours && normal(&object.body) != normal(live) {
        let change = change.because("values differ");
        let change = change.write(Action::Update, Some(live), object.body.clone());
        return Change { force: true, ..change };
    }
    change.without_write(Action::Unchanged)
}

/// Decides about an object that we wrote and that is no longer desired; `None` if it does not exist.
pub(super) fn dropped(
    entry: &Entry,
    live: Option<&Value>,
    observed: &Observed,
    options: &PlanOptions,
    nothing_desired: bool,
) -> Option<Change> {
    let change = Draft::dropped(entry);
    let decision = prune(entry, live, options.prune, options.names);
    let live = live?;
    if nothing_desired && !options.allow_empty {
        let reason = "nothing was rendered, which is probably a mistake, so nothing is deleted";
        return Some(change.because(reason).without_write(Action::Keep));
    }
    // A host is a member of its own federation, which goes with it.
    let own = options.allow_empty && observed.inventory.as_ref().is_some_and(has_kubefed);
    if is_federated(live) && !own {
        return Some(change.because(FEDERATED).without_write(Action::Keep));
    }
    Some(match decision {
        Prune::AlreadyDeleted => return None,
        Prune::Delete => change.delete(live),
        Prune::Keep(reason) => change.because(reason).without_write(Action::Keep),
        Prune::ReleaseFields => {
            let base =
                observed.inventory.as_ref().and_then(|inventory| base(inventory, Some(entry)));
            let without = labels::patch(&Value::Null, live, base.as_ref(), options.winner).body;
            if normal(&without) == normal(live) {
                let reason = "not created by ksi, and without labels or annotations of ksi";
                return Some(change.because(reason).without_write(Action::Keep));
            }
            let reason = "no longer needed: removes ksi's labels and annotations, keeps the object";
            let change = change.because(reason).write(Action::Update, Some(live), normal(&without));
            change.sending(is_served(live).then(|| labels::identity(live)))
        }
    })
}

/// Whether KubeFed is in the inventory.
fn has_kubefed(inventory: &Inventory) -> bool {
    let kubefed = Finalizers::of("kubefed.io/sync-controller").map(Finalizers::controller);
    kubefed.is_some_and(|kubefed| inventory.get(&kubefed).is_some())
}

/// Whether the object is on a server, which merges the fields of several managers, and not in a file.
fn is_served(live: &Value) -> bool {
    live["metadata"]["uid"].is_string()
}

fn base<'i>(inventory: &'i Inventory, entry: Option<&'i Entry>) -> Option<Base<'i>> {
    let entry = entry.filter(|entry| !entry.is_pending())?;
    Some(Base::new(&inventory.key, &entry.base))
}

/// Policy `apply`: whole manifests.
fn applied(
    change: Draft,
    object: &Object,
    live: &Value,
    entry: Option<&Entry>,
    adoption: Option<String>,
) -> Change {
    let mut wanted = object.body.clone();
    let mut have = live.clone();
    for field in foreign_fields(&object.id, live) {
        field.remove(&mut wanted);
        field.remove(&mut have);
    }
    if adoption.is_some() {
        return change.adopting(adoption).write(Action::Adopt, Some(&have), wanted);
    }
    if normal(&wanted) != normal(&have) {
        return change.write(Action::Update, Some(&have), wanted);
    }
    if ownership::is_lost(entry, live) {
        return change.because(ownership::RECLAIMED).write(Action::Update, Some(&have), wanted);
    }
    change.without_write(Action::Unchanged)
}

/// Policy `embedded`: merges the document by key, and overlays the rest of the ConfigMap on the live one.
fn document(
    mut change: Draft,
    object: &Object,
    live: &Value,
    base: Option<&Base<'_>>,
    options: &PlanOptions,
) -> Change {
    let (ours, theirs) = match (embedded::read(&object.body), embedded::read(live)) {
        (Ok(Some(ours)), Ok(theirs)) => (ours, theirs.unwrap_or_default()),
        (_, Err(unreadable)) => {
            let reason =
                format!("data[\"{}\"] {unreadable}; fix or remove the text", embedded::KEY);
            let change = change.because(reason).without_write(Action::Conflict);
            return Change { before: Some(normal(live)), ..change };
        }
        // We render no document: there is nothing to merge.
        (_, Ok(_)) => return applied(change, object, live, None, None),
    };
    let merge = merge_with(base, &ours, &theirs, options.winner);
    let mut body = normal(live);
    let mut rest = normal(&object.body);
    if let Some(Value::Object(data)) = rest.get_mut("data") {
        data.shift_remove(embedded::KEY);
    }
    overlay(&mut body, &rest);
    // A semantically equal text stays as it is: writing it would only provoke the next rewrite.
    if !semantic::same(&merge.merged, &theirs) {
        embedded::write(&mut body, &merge.merged);
    }
    change.foreign = merge.foreign;
    change.replaced = merge.replaced;
    merged(change, live, &body, merge.conflicts)
}

/// An object that was merged: what changes, or what is in conflict.
fn merged(mut change: Draft, live: &Value, body: &Value, conflicts: Vec<Conflict>) -> Change {
    let body = normal(body);
    if !conflicts.is_empty() {
        let paths: Vec<_> = conflicts.iter().map(|conflict| conflict.path.to_string()).collect();
        change.conflicts = conflicts;
        let reason = format!("changed by somebody else after ksi wrote it: {}", paths.join(", "));
        return change.because(reason).write(Action::Conflict, Some(live), body);
    }
    if change.reason.is_some() {
        return change.write(Action::Adopt, Some(live), body);
    }
    if body == normal(live) {
        return change.without_write(Action::Unchanged);
    }
    change.write(Action::Update, Some(live), body)
}

impl Change {
    /// A write of our own labels and annotations, which is always forced.
    fn sending(self, sent: Option<Value>) -> Self {
        if self.is_write() { Self { sent, force: true, ..self } } else { self }
    }
}

#[cfg(test)]
mod tests;
