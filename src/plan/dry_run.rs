//! The decision about an object from the result of its dry run.

use serde_json::Value;

use super::draft::Draft;
use super::merge::Winner;
use super::normal::normal;
use super::take::is_taken;
use super::{Action, Change, PlanOptions, ownership};
use crate::object::{
    DryRunResult, FIELD_MANAGER, FieldConflict, Object, foreign_fields, owned_fields, rules,
};

/// How many fields a reason names.
const NAMED: usize = 5;

/// A desired object that exists.
pub(super) struct Existing<'o> {
    pub(super) object: &'o Object,
    pub(super) live: &'o Value,
    /// Why it has to be adopted, if it is not ours.
    pub(super) adoption: Option<String>,
}

/// Decides with policy `apply`, from a dry run result.
pub(super) fn decide(
    change: Draft,
    existing: Existing<'_>,
    result: &DryRunResult,
    options: &PlanOptions,
) -> Change {
    let Existing { object, live, adoption } = existing;
    let sent = || {
        let mut sent = object.body.clone();
        for field in foreign_fields(&object.id, live) {
            field.remove(&mut sent);
        }
        Some(sent)
    };
    match result {
        DryRunResult::UpToDate => change.without_write(Action::Unchanged),
        DryRunResult::Rejected(why) => change
            .because(format!("rejected by the API server: {why}"))
            .without_write(Action::Conflict),
        DryRunResult::Changes(after) => {
            let (action, change) = if adoption.is_some() {
                (Action::Adopt, change.adopting(adoption))
            } else if normal(after) != normal(live) {
                (Action::Update, change)
            } else if owned_fields(after) != owned_fields(live) {
                (Action::Update, change.because(ownership::RECLAIMED))
            } else {
                return change.without_write(Action::Unchanged);
            };
            Change { sent: sent(), ..change.write(action, Some(live), normal(after)) }
        }
        DryRunResult::Conflict { fields, forced } => {
            let ours = |field: &&FieldConflict| {
                options.winner == Winner::Desired
                    // Written as ksi, but not by apply: by hand, or created by an earlier version.
                    || field.manager == FIELD_MANAGER
                    || is_taken(&object.id, &field.field, &options.take)
                    || (adoption.is_some() && is_adoptable(&field.manager))
            };
            let (taken, foreign): (Vec<_>, Vec<_>) = fields.iter().partition(ours);
            match forced {
                Some(after) if foreign.is_empty() => {
                    let (action, reason) = match adoption {
                        Some(adoption) => (Action::Adopt, adoption),
                        None => (Action::Update, format!("takes ownership of {}", named(&taken))),
                    };
                    let change = change.because(reason);
                    let change = change.write(action, Some(live), normal(after));
                    Change { sent: sent(), force: true, ..change }
                }
                Some(after) => {
                    let reason = format!("field manager conflict: {}", named(&foreign));
                    change.because(reason).write(Action::Conflict, Some(live), normal(after))
                }
                None => {
                    let all: Vec<_> = fields.iter().collect();
                    let reason = format!(
                        "field manager conflict: {}; the API server rejects the write even with force",
                        named(&all)
                    );
                    change.because(reason).without_write(Action::Conflict)
                }
            }
        }
    }
}

/// Whether a field manager is an installation tool, such as kubectl or helm.
fn is_adoptable(manager: &str) -> bool {
    rules().adoptable.iter().any(|known| known == manager)
}

fn named(fields: &[&FieldConflict]) -> String {
    let mut names: Vec<_> = fields.iter().take(NAMED).map(ToString::to_string).collect();
    if fields.len() > NAMED {
        names.push(format!("and {} more", fields.len() - NAMED));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests;
