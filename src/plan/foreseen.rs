//! What is to be done with an object of which the place foresees what a write would do.

use serde_json::Value;

use super::draft::Draft;
use super::merge::Winner;
use super::normal::normal;
use super::{Action, Change, PlanOptions, ownership};
use crate::object::{
    FieldConflict, Forecast, Object, ObjectId, foreign_fields, owned_fields, rules,
};

/// How many fields a reason names.
const NAMED: usize = 5;

/// An object that is wanted and that is there.
pub(super) struct There<'o> {
    pub(super) object: &'o Object,
    pub(super) live: &'o Value,
    /// Why it has to be adopted.
    pub(super) adoption: Option<String>,
}

/// Policy `apply`, by forecast.
pub(super) fn decided(
    change: Draft,
    there: There<'_>,
    forecast: &Forecast,
    options: &PlanOptions,
) -> Change {
    let There { object, live, adoption } = there;
    let sent = || {
        let mut sent = object.body.clone();
        for field in foreign_fields(&object.id, live) {
            field.remove(&mut sent);
        }
        Some(sent)
    };
    match forecast {
        Forecast::Settled => change.leave(Action::Unchanged),
        Forecast::Refused(why) => {
            change.because(format!("the API server refuses it: {why}")).leave(Action::Conflict)
        }
        Forecast::Becomes(after) => {
            let (action, change) = if adoption.is_some() {
                (Action::Adopt, change.adopting(adoption))
            } else if normal(after) != normal(live) {
                (Action::Update, change)
            } else if owned_fields(after) != owned_fields(live) {
                (Action::Update, change.because(ownership::LOST))
            } else {
                return change.leave(Action::Unchanged);
            };
            Change { sent: sent(), ..change.write(action, Some(live), normal(after)) }
        }
        Forecast::Conflict { fields, forced } => {
            let ours = |field: &&FieldConflict| {
                options.winner == Winner::Desired
                    || is_taken(&object.id, &field.field, &options.take)
                    || (adoption.is_some() && is_adoptable(&field.manager))
            };
            let (taken, foreign): (Vec<_>, Vec<_>) = fields.iter().partition(ours);
            match forced {
                Some(after) if foreign.is_empty() => {
                    let (action, reason) = match adoption {
                        Some(adoption) => (Action::Adopt, adoption),
                        None => (Action::Update, format!("takes {}", named(&taken))),
                    };
                    let change = change.because(reason);
                    let change = change.write(action, Some(live), normal(after));
                    Change { sent: sent(), force: true, ..change }
                }
                Some(after) => {
                    let reason = format!("owned by others: {}", named(&foreign));
                    change.because(reason).write(Action::Conflict, Some(live), normal(after))
                }
                None => {
                    let all: Vec<_> = fields.iter().collect();
                    let reason = format!(
                        "owned by others: {}; even by force the API server refuses it",
                        named(&all)
                    );
                    change.because(reason).leave(Action::Conflict)
                }
            }
        }
    }
}

/// Whether a field manager is one of those who install, such as kubectl or helm.
fn is_adoptable(manager: &str) -> bool {
    rules().adoptable.iter().any(|known| known == manager)
}

/// Whether the user allows to take a field: it or one above it, of this object or of every one.
fn is_taken(id: &ObjectId, field: &str, take: &[String]) -> bool {
    let own = format!("{id}:");
    take.iter().map(|taken| taken.strip_prefix(&own).unwrap_or(taken)).any(|taken| {
        let below = field.strip_prefix(taken);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
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
