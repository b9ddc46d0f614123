//! Taints that a pod tolerates.

use std::str::FromStr;

use serde_json::{Value, json};

use crate::config::form;

/// A toleration, written as `kubectl taint` writes a taint: `KEY[=VALUE][:EFFECT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toleration {
    key: String,
    value: Option<String>,
    effect: Option<String>,
}

impl FromStr for Toleration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        let (rest, effect) = match text.rsplit_once(':') {
            Some((rest, effect)) => (rest, Some(effect)),
            None => (text, None),
        };
        let (key, value) = match rest.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (rest, None),
        };
        if !form::is_qualified_name(key) || !value.is_none_or(form::is_label_value) {
            return Err(format!("`{rest}` is not KEY or KEY=VALUE of a taint"));
        }
        if let Some(effect) = effect.filter(|effect| !EFFECTS.contains(effect)) {
            return Err(format!("`{effect}` is not an effect: {}", EFFECTS.join(", ")));
        }
        let owned = |text: &str| text.to_owned();
        Ok(Self { key: key.into(), value: value.map(owned), effect: effect.map(owned) })
    }
}

impl Toleration {
    pub(super) fn to_json(&self) -> Value {
        let Self { key, value, effect } = self;
        let mut toleration = match value {
            Some(value) => json!({"key": key, "operator": "Equal", "value": value}),
            None => json!({"key": key, "operator": "Exists"}),
        };
        if let Some(effect) = effect {
            toleration["effect"] = effect.as_str().into();
        }
        toleration
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taint_is_tolerated_by_key_value_and_effect() {
        let of = |text: &str| text.parse::<Toleration>().map(|toleration| toleration.to_json());
        let role = "node-role.kubernetes.io/control-plane";
        assert_eq!(of(role), Ok(json!({"key": role, "operator": "Exists"})));
        assert_eq!(
            of("for=ksi:NoSchedule"),
            Ok(json!({"key": "for", "operator": "Equal", "value": "ksi", "effect": "NoSchedule"}))
        );
        for wrong in ["", "=x", "a:Never", "a b"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
