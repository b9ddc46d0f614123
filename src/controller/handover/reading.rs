//! What the status of a ClusterConfiguration says about one generation of it. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::controller::error::Error;
use crate::controller::progress::word;
use crate::engine::{ComponentState, Event};

/// What a state of the ClusterConfiguration says.
#[derive(Debug)]
pub(super) enum Told {
    /// The controller is at work.
    Goes,
    /// The configuration is applied, and healthy where that is awaited.
    Succeeded,
    /// The plan with this hash has to be approved.
    Asks(String),
    /// The run has ended otherwise.
    Ended(Error),
}

/// The generation that was written, and what was told of it.
pub(super) struct Reading {
    uid: Value,
    spec: Value,
    /// Without a status subresource each write of the status raises it.
    generation: i64,
    message: String,
    /// State, reason and count of each component as they were told last.
    parts: BTreeMap<String, (ComponentState, String, String)>,
}

impl Reading {
    /// Begins with the object as it was written. The components of an earlier run are no news.
    pub(super) fn of(stored: &Value) -> Self {
        let mut reading = Self {
            uid: stored["metadata"]["uid"].clone(),
            spec: stored["spec"].clone(),
            generation: generation(stored),
            message: "it has not looked at the configuration yet".to_owned(),
            parts: BTreeMap::new(),
        };
        reading.components(&stored["status"], &mut |_| {});
        reading
    }

    /// What the controller said last.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Takes over a state of the object: tells what is new of its components, and returns what it says.
    pub(super) fn take(
        &mut self,
        body: &Value,
        wait: bool,
        on_event: &mut dyn FnMut(Event),
    ) -> Told {
        if body["metadata"]["uid"] != self.uid || body["spec"] != self.spec {
            return Told::Ended(Error::Edited);
        }
        let status = &body["status"];
        if status["observedGeneration"].as_i64().is_none_or(|seen| seen < self.generation) {
            return Told::Goes;
        }
        status["message"].as_str().unwrap_or_default().clone_into(&mut self.message);
        self.components(status, on_event);
        self.verdict(status, wait)
    }

    fn verdict(&self, status: &Value, wait: bool) -> Told {
        let condition = |kind: &str| {
            let all = status["conditions"].as_array().into_iter().flatten();
            all.into_iter().find(|one| one["type"] == kind)
        };
        let ready = condition("Ready").unwrap_or(&Value::Null);
        let reason = ready["reason"].as_str().unwrap_or_default();
        let message = || ready["message"].as_str().unwrap_or_default().to_owned();
        let applied = status["lastApplied"]["generation"]
            .as_i64()
            .is_some_and(|last| last >= self.generation);
        let reconciling = condition("Reconciling").map(|one| &one["reason"]);
        if reason == "Failed" {
            let word = status["lastOperation"]["reason"].as_str().unwrap_or(reason).to_owned();
            return Told::Ended(Error::Failed { reason: word, message: message() });
        }
        let last = &status["lastOperation"];
        let is_written = last["phase"] == "Waiting"
            && last["total"].as_u64().is_some_and(|total| last["done"].as_u64() >= Some(total));
        if !wait && is_written && reason == "NotApplied" {
            return Told::Succeeded;
        }
        if reconciling.is_some() {
            return Told::Goes;
        }
        match reason {
            "Invalid" => Told::Ended(Error::Refused(message())),
            "Paused" => Told::Ended(Error::StoredPaused),
            "Healthy" if applied => Told::Succeeded,
            _ if condition("ApprovalRequired").is_some() => {
                Told::Asks(status["plan"]["hash"].as_str().unwrap_or_default().to_owned())
            }
            _ if applied && !wait => Told::Succeeded,
            _ => Told::Goes,
        }
    }

    fn components(&mut self, status: &Value, on_event: &mut dyn FnMut(Event)) {
        for one in status["components"].as_array().into_iter().flatten() {
            let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
            let Some(state) = state(&text("state")) else { continue };
            let (name, reason, ready) = (text("name"), text("reason"), text("ready"));
            let now = (state, reason.clone(), ready.clone());
            if self.parts.get(&name) == Some(&now) {
                continue;
            }
            let (done, total) = ready.split_once('/').unwrap_or_default();
            let count = |text: &str| text.parse().unwrap_or_default();
            let reason = Some(reason).filter(|reason| !reason.is_empty());
            let (done, total) = (count(done), count(total));
            on_event(Event::Component { name: name.clone(), state, done, total, reason });
            self.parts.insert(name, now);
        }
    }
}

fn generation(body: &Value) -> i64 {
    body["metadata"]["generation"].as_i64().unwrap_or_default()
}

/// The state with this word in the status; between runs it has those of [`crate::status::State`].
fn state(text: &str) -> Option<ComponentState> {
    const ALL: [ComponentState; 7] = [
        ComponentState::Waiting,
        ComponentState::Applying,
        ComponentState::Checking,
        ComponentState::Healthy,
        ComponentState::Failed,
        ComponentState::Conflict,
        ComponentState::Skipped,
    ];
    ALL.into_iter().find(|state| word(*state) == text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cc(generation: i64, status: &Value) -> Value {
        json!({"metadata": {"uid": "u", "generation": generation}, "status": status})
    }

    fn status(observed: i64, conditions: &[(&str, &str, &str)]) -> Value {
        let conditions = conditions.iter().map(
            |(kind, status, reason)| json!({"type": kind, "status": status, "reason": reason, "message": "m"}),
        );
        json!({"observedGeneration": observed, "conditions": conditions.collect::<Value>()})
    }

    fn told(body: &Value, wait: bool) -> Told {
        Reading::of(&cc(3, &Value::Null)).take(body, wait, &mut |_| {})
    }

    #[test]
    fn only_what_is_about_the_written_generation_and_is_final_counts() {
        let healthy = [("Ready", "True", "Healthy")];
        let mut applied = status(3, &healthy);
        assert!(matches!(told(&cc(3, &status(2, &healthy)), true), Told::Goes), "the one before");
        assert!(matches!(told(&cc(3, &applied), true), Told::Goes), "not applied yet");
        applied["lastApplied"]["generation"] = 3.into();
        assert!(matches!(told(&cc(3, &applied), true), Told::Succeeded));
        let mut degraded = status(3, &[("Ready", "False", "Degraded")]);
        degraded["lastApplied"]["generation"] = 3.into();
        assert!(matches!(told(&cc(3, &degraded), true), Told::Goes));
        assert!(matches!(told(&cc(3, &degraded), false), Told::Succeeded));
        let running = [("Ready", "False", "NotApplied"), ("Reconciling", "True", "Applying")];
        let mut running = status(3, &running);
        assert!(matches!(told(&cc(3, &running), false), Told::Goes));
        running["lastOperation"] = json!({"phase": "Waiting", "done": 2, "total": 2});
        assert!(matches!(told(&cc(3, &running), true), Told::Goes));
        assert!(matches!(told(&cc(3, &running), false), Told::Succeeded), "all of it is written");
    }

    #[test]
    fn an_end_says_why() {
        let mut failed =
            status(3, &[("Ready", "False", "Failed"), ("Reconciling", "True", "Retrying")]);
        failed["lastOperation"]["reason"] = "Timeout".into();
        let Told::Ended(Error::Failed { reason, message }) = told(&cc(3, &failed), true) else {
            panic!("it goes on")
        };
        assert_eq!((&reason[..], &message[..]), ("Timeout", "m"));
        let ended = |reason| told(&cc(3, &status(3, &[("Ready", "False", reason)])), true);
        assert!(matches!(ended("Invalid"), Told::Ended(Error::Refused(_))));
        assert!(matches!(ended("Paused"), Told::Ended(Error::StoredPaused)));
        let mut edited = cc(4, &failed);
        edited["spec"] = json!({"a": 1});
        assert!(matches!(told(&edited, true), Told::Ended(Error::Edited)));
        let mut asks = status(
            3,
            &[("Ready", "False", "ApprovalRequired"), ("ApprovalRequired", "True", "Risks")],
        );
        asks["plan"]["hash"] = "h".into();
        assert!(matches!(told(&cc(3, &asks), true), Told::Asks(hash) if hash == "h"));
    }

    #[test]
    fn components_are_told_when_they_change() {
        let with = |state: &str| {
            let mut status = status(3, &[]);
            status["components"] =
                json!([{"name": "redis", "state": state, "reason": "", "ready": "1/2"}]);
            cc(3, &status)
        };
        let mut reading = Reading::of(&with("Healthy"));
        let mut events = Vec::new();
        for state in ["Healthy", "Applying", "Applying", "Healthy"] {
            reading.take(&with(state), true, &mut |event| events.push(event));
        }
        let states: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Component { state, done: 1, total: 2, .. } => Some(*state),
                _ => None,
            })
            .collect();
        assert_eq!(states, [ComponentState::Applying, ComponentState::Healthy]);
    }
}
