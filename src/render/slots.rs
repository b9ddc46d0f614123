//! Values on their way through a template.
//!
//! A value never becomes a part of the template's text: in its place stands a token, and the value is
//! put back when the text has been parsed. So no text of a user can become structure, whatever it
//! holds, and large tables are not parsed as YAML again. A token that does not stand alone where a
//! value may stand is a mistake in the template.

use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Object, Value as Variable, ValueKind};
use minijinja::{Error, ErrorKind, Output, State};
use serde_json::Value;

/// What a token begins with. No template writes this by itself: it would be found as a mistake.
const MARK: &str = "@{";

/// The values that templates have written so far.
#[derive(Debug, Default)]
pub(super) struct Slots(Mutex<Vec<Option<Value>>>);

impl Object for Slots {}

impl Slots {
    /// The variable under which the formatter finds the slots; no template can write this name.
    pub(super) const NAME: &'static str = "@slots";

    /// The slots as a variable of a rendering.
    pub(super) fn variable(slots: &Arc<Self>) -> Variable {
        Variable::from_dyn_object(Arc::clone(slots))
    }

    /// Puts the values back into what was parsed.
    ///
    /// # Errors
    ///
    /// Where a token does not stand alone: the text around it.
    pub(super) fn fill(&self, parsed: &mut Value) -> Result<(), String> {
        match parsed {
            Value::String(text) if text.contains(MARK) => {
                *parsed = self.take(text).ok_or_else(|| text.clone())?;
                Ok(())
            }
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.fill(item)),
            Value::Object(map) => match map.keys().find(|key| key.contains(MARK)) {
                Some(key) => Err(key.clone()),
                None => map.values_mut().try_for_each(|value| self.fill(value)),
            },
            _ => Ok(()),
        }
    }

    fn put(&self, value: Value) -> String {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.push(Some(value));
        format!("{MARK}{}}}", values.len() - 1)
    }

    /// The value of a text that is a token and nothing else.
    fn take(&self, token: &str) -> Option<Value> {
        let index: usize = token.strip_prefix(MARK)?.strip_suffix('}')?.parse().ok()?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index)?.take()
    }
}

/// Writes a token in the place of each value: the formatter of the templates.
pub(super) fn write(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Variable,
) -> Result<(), Error> {
    if value.kind() == ValueKind::Undefined {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let value = serde_json::to_value(value)
        .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))?;
    let variable = state.lookup(Slots::NAME);
    let slots = variable.as_ref().and_then(Variable::downcast_object_ref::<Slots>);
    let slots = slots.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "no slots"))?;
    // Quoted, so that it is one scalar to YAML.
    write!(out, "\"{}\"", slots.put(value)).map_err(Error::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_comes_back_where_its_token_stands() {
        let slots = Slots::default();
        let hostile = json!({"@{0}": "@{1}", "a: b": [null, "\u{85}"]});
        let mut parsed = json!({"a": slots.put(hostile.clone()), "b": [slots.put(json!(1))]});
        slots.fill(&mut parsed).unwrap();
        assert_eq!(parsed, json!({"a": hostile, "b": [1]}));
    }

    #[test]
    fn a_token_that_does_not_stand_alone_is_a_mistake() {
        let slots = Slots::default();
        let token = slots.put(json!("x"));
        for mut parsed in [json!(format!("--name={token}")), json!({&*token: 1}), json!("@{7}")] {
            assert!(slots.fill(&mut parsed).is_err(), "{parsed}");
        }
        // Each value is written once.
        slots.fill(&mut json!(token)).unwrap();
        assert!(slots.fill(&mut json!(token)).is_err());
    }
}
