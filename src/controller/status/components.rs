//! The components in the status.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::controller::problem::state_word;
use crate::controller::state::State;
use crate::status::{Component, State as Health};

/// A component as it is shown.
struct Shown {
    name: String,
    state: String,
    reason: String,
    ready: String,
}

/// Each component: its state, why it is so, how much of it is ready, and since when.
pub(super) fn list(state: &State, old: &Value, now: &str) -> Value {
    let before: BTreeMap<&str, &Value> = old
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| Some((one["name"].as_str()?, one)))
        .collect();
    let shown = shown(state).into_iter().map(|Shown { name, state, reason, ready }| {
        let before = before.get(name.as_str()).filter(|before| before["state"] == state.as_str());
        let since = before.and_then(|before| before["since"].as_str()).unwrap_or(now);
        json!({"name": name, "state": state, "reason": reason, "ready": ready, "since": since})
    });
    shown.collect()
}

/// How many of them are healthy, of how many.
pub(super) fn ready(state: &State) -> (usize, usize) {
    let shown = shown(state);
    let healthy = shown.iter().filter(|one| one.state == state_word(Health::Healthy)).count();
    (healthy, shown.len())
}

fn shown(state: &State) -> Vec<Shown> {
    let installed = state.report.iter().flat_map(|report| &report.components);
    let mut all: Vec<Shown> = installed.map(of_report).collect();
    // A run knows better, and knows also what is not installed yet.
    for (name, part) in state.running().iter().flat_map(|running| &running.parts) {
        let one = Shown {
            name: name.clone(),
            state: part.state.to_owned(),
            reason: part.reason.clone(),
            ready: format!("{}/{}", part.done, part.total),
        };
        match all.iter_mut().find(|known| known.name == *name) {
            Some(known) if one.state != known.state => *known = one,
            Some(_) => {}
            None => all.push(one),
        }
    }
    all
}

fn of_report(component: &Component) -> Shown {
    let count = if component.workloads.total > 0 { component.workloads } else { component.objects };
    let worst = component.unhealthy.first();
    Shown {
        name: component.name.clone(),
        state: state_word(component.state).to_owned(),
        reason: worst
            .map_or_else(String::new, |worst| format!("{}: {}", worst.object, worst.reason)),
        ready: format!("{}/{}", count.ready, count.total),
    }
}
