//! Conditions: what a controller reports about an object, by type.

use serde_json::Value;

/// One condition of an object.
#[derive(Clone, Copy)]
pub(super) struct Condition<'a> {
    live: &'a Value,
    condition: &'a Value,
}

impl<'a> Condition<'a> {
    fn text(self, key: &str) -> &'a str {
        self.condition[key].as_str().unwrap_or_default().trim()
    }

    pub(super) fn name(self) -> &'a str {
        self.text("type")
    }

    pub(super) fn reason(self) -> &'a str {
        self.text("reason")
    }

    /// Some controllers write the status as a boolean.
    fn has_status(self, status: bool) -> bool {
        match &self.condition["status"] {
            Value::Bool(value) => *value == status,
            Value::String(text) => text.eq_ignore_ascii_case(if status { "true" } else { "false" }),
            _ => false,
        }
    }

    pub(super) fn is_true(self) -> bool {
        self.has_status(true)
    }

    pub(super) fn is_false(self) -> bool {
        self.has_status(false)
    }

    /// Whether it is about an older generation of the object (`observedGeneration` of
    /// metav1.Condition, which many custom resources set instead of the one in the status).
    pub(super) fn is_stale(self) -> bool {
        let observed = super::number(&self.condition["observedGeneration"]);
        let generation = super::number(&self.live["metadata"]["generation"]);
        observed.zip(generation).is_some_and(|(observed, generation)| observed < generation)
    }

    /// `Reason: message`, or whichever of them is set.
    pub(super) fn describe(self) -> String {
        match (self.reason(), self.text("message")) {
            ("", "") => match self.condition["status"].as_str() {
                Some(status) => format!("condition {} is {status}", self.name()),
                None => format!("condition {} has no status", self.name()),
            },
            (reason, "") => reason.to_owned(),
            ("", message) => message.to_owned(),
            (reason, message) if reason == message => reason.to_owned(),
            (reason, message) => format!("{reason}: {message}"),
        }
    }

    /// The message; without one, the reason.
    pub(super) fn message(self) -> String {
        match self.text("message") {
            "" => self.describe(),
            message => message.to_owned(),
        }
    }
}

/// All conditions of an object.
pub(super) fn conditions(live: &Value) -> impl Iterator<Item = Condition<'_>> {
    let conditions = live["status"]["conditions"].as_array();
    conditions.into_iter().flatten().map(move |condition| Condition { live, condition })
}

/// The condition of a type.
pub(super) fn condition<'a>(live: &'a Value, name: &str) -> Option<Condition<'a>> {
    conditions(live).find(|condition| condition.name() == name)
}

/// The condition of a type, if it is true.
pub(super) fn true_condition<'a>(live: &'a Value, name: &str) -> Option<Condition<'a>> {
    condition(live, name).filter(|condition| condition.is_true())
}

/// The condition of a type, if it is false.
pub(super) fn false_condition<'a>(live: &'a Value, name: &str) -> Option<Condition<'a>> {
    condition(live, name).filter(|condition| condition.is_false())
}
