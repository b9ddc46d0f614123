//! What a review puts back: what others changed or deleted since ksi wrote it. Pure.

use std::fmt::Write as _;

use serde_json::Value;

use crate::engine::Planned;
use crate::object::{DryRunResult, FIELD_MANAGER, ObjectId, changed_by_others};
use crate::plan::{self, Action, Change, Plan};

/// How many fields a message names.
const NAMED: usize = 3;
/// The longest value in a message.
const LONGEST: usize = 60;
/// The field of an object that somebody deleted.
const WHOLE: &str = "the whole object";

/// An object that is put back as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The object.
    pub object: ObjectId,
    /// Its component.
    pub component: String,
    /// The fields that others changed, as the API server writes them; none if the object is missing.
    pub fields: Vec<String>,
    /// Who changed them, as far as the object tells.
    pub managers: Vec<String>,
    /// The values, masked: path, what it was changed to, and what it becomes again.
    pub values: Vec<(String, String, String)>,
}

impl Repair {
    /// The fields by which a fight is told.
    pub fn keys(&self) -> Vec<String> {
        if self.fields.is_empty() { vec![WHOLE.to_owned()] } else { self.fields.clone() }
    }

    /// Who changed it.
    pub fn by(&self) -> String {
        if self.managers.is_empty() {
            "another writer".to_owned()
        } else {
            self.managers.join(", ")
        }
    }

    /// What was put back: `Deployment/a/b: spec.replicas 3 → 1 (changed by kubectl-edit)`.
    pub fn message(&self) -> String {
        if self.fields.is_empty() {
            return format!("{}: created again after it was deleted", self.object);
        }
        let mut text = format!("{}: ", self.object);
        for (at, (path, before, after)) in self.values.iter().take(NAMED).enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            // Writing to a string does not fail.
            let _ = write!(text, "{comma}{path} {before} → {after}");
        }
        match self.values.len().saturating_sub(NAMED) {
            0 if self.values.is_empty() => text.push_str(&self.fields.join(", ")),
            0 => {}
            more => {
                let _ = write!(text, " and {more} more");
            }
        }
        let _ = write!(text, " (changed by {})", self.by());
        text
    }
}

/// What a plan puts back: objects that the configuration renders as ksi wrote them last.
pub(super) fn repairs(planned: &Planned) -> Vec<Repair> {
    let Some(inventory) = &planned.observed.inventory else { return Vec::new() };
    let objects = planned.desired.objects.iter();
    let mut written: Vec<&ObjectId> = objects
        .filter(|object| {
            let entry = inventory.get(&object.id);
            entry.is_some_and(|entry| entry.digest == inventory.digest(&object.body))
        })
        .map(|object| &object.id)
        .collect();
    written.sort();
    let changes = planned.plan.changes.iter();
    changes
        .filter(|change| change.is_write() && written.binary_search(&&change.id).is_ok())
        .map(|change| repair(planned, change))
        .collect()
}

fn repair(planned: &Planned, change: &Change) -> Repair {
    let (mut fields, mut managers, mut values) = (Vec::new(), Vec::new(), Vec::new());
    if change.action != Action::Create {
        if let Some(DryRunResult::Conflict { fields: conflicts, .. }) =
            planned.observed.dry_runs.get(&change.id)
        {
            fields.extend(conflicts.iter().map(|conflict| conflict.field.clone()));
            managers.extend(conflicts.iter().map(|conflict| conflict.manager.clone()));
        } else if let Some(live) = planned.observed.objects.get(&change.id) {
            managers.extend(changed_by_others(live).into_iter().map(|(name, _)| name.to_owned()));
        }
        values = masked(change);
        if fields.is_empty() {
            fields.extend(values.iter().map(|(path, ..)| format!(".{path}")));
        }
        if fields.is_empty() {
            fields.push("the ownership of its fields".to_owned());
        }
    }
    managers.retain(|manager| manager != FIELD_MANAGER);
    managers.sort();
    managers.dedup();
    let (object, component) = (change.id.clone(), change.component.clone());
    Repair { object, component, fields, managers, values }
}

/// The values that a change puts back, masked.
fn masked(change: &Change) -> Vec<(String, String, String)> {
    let one = Plan { changes: vec![change.clone()], ..Plan::default() };
    let shown = plan::json(&one);
    let differences = shown["changes"][0]["changes"].as_array();
    let text = |value: &Value| match value {
        Value::Null => "(not set)".to_owned(),
        value => cut(&value.to_string()),
    };
    differences
        .into_iter()
        .flatten()
        .map(|one| {
            let path = one["path"].as_str().unwrap_or_default().to_owned();
            (path, text(&one["before"]), text(&one["after"]))
        })
        .collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The conflicts that a run leaves as they are: the object, and why.
pub(super) fn left_alone(plan: &Plan) -> Vec<(ObjectId, String)> {
    let conflicts = plan.changes.iter().filter(|change| change.action == Action::Conflict);
    conflicts.map(|change| (change.id.clone(), change.reason.clone().unwrap_or_default())).collect()
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A repair of one field of a Deployment; of the whole without a field.
    pub(in crate::controller) fn repair(name: &str, field: &str, manager: &str) -> Repair {
        let metadata = serde_json::json!({"name": name, "namespace": "a"});
        let body = serde_json::json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata});
        let fields = Some(field).filter(|field| !field.is_empty()).map(str::to_owned);
        Repair {
            object: ObjectId::of(&body).unwrap(),
            component: "c".into(),
            values: fields.iter().map(|f| (f[1..].to_owned(), "3".into(), "1".into())).collect(),
            fields: fields.into_iter().collect(),
            managers: vec![manager.to_owned()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::repair;
    use super::*;

    #[test]
    fn a_message_names_object_fields_values_and_writer() {
        assert_eq!(
            repair("tower", ".spec.replicas", "kubectl-edit").message(),
            "Deployment/a/tower: spec.replicas 3 → 1 (changed by kubectl-edit)"
        );
        assert_eq!(
            repair("tower", "", "kubectl").message(),
            "Deployment/a/tower: created again after it was deleted"
        );
        let mut many = repair("tower", ".a", "m");
        many.values = (0..5).map(|at| (format!("p{at}"), "0".into(), "1".into())).collect();
        let message = many.message();
        assert!(message.ends_with("p2 0 → 1 and 2 more (changed by m)"), "{message}");
        assert_eq!(cut(&"ä".repeat(61)), format!("{}…", "ä".repeat(60)));
    }

    #[test]
    fn secrets_are_masked() {
        let secret = |text: &str| {
            serde_json::json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "a"},
                "data": {"password": text},
            })
        };
        let id = ObjectId::of(&secret("x")).unwrap();
        let change = Change {
            before: Some(secret("Q0FOQVJZMQ==")),
            after: Some(secret("Q0FOQVJZMg==")),
            ..Change::bare(&id, "c", Action::Update)
        };
        let shown = format!("{:?}", masked(&change));
        assert!(shown.contains("data.password") && !shown.contains("Q0FOQV"), "{shown}");
    }
}
