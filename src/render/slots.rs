//! Placeholders for values in rendered templates.
//!
//! A value never becomes part of the rendered text: a token takes its place, and the value is put back
//! after the text has been parsed. So no user input can become structure, and large tables are not parsed
//! as YAML again. A token that is not a whole value is an error in the template.

use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Object, Value as Variable, ValueKind};
use minijinja::{Error, ErrorKind, Output, State};
use serde_json::Value;

/// The beginning of a token. A template that contains it fails to render.
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
    /// A token is not a whole value: the text around it.
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

    /// The value of a text that is only a token.
    fn take(&self, token: &str) -> Option<Value> {
        let index: usize = token.strip_prefix(MARK)?.strip_suffix('}')?.parse().ok()?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index)?.take()
    }
}

/// The formatter of the templates: writes a token in place of each value.
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
    fn a_token_that_is_not_a_whole_value_is_an_error() {
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
