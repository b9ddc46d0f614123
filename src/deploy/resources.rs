//! What a pod requests, and its limits.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::{Value, json};

use crate::object::quantity;

/// Quantities by resource, as `kubectl set resources` reads them: `cpu=20m,memory=64Mi`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Amounts(BTreeMap<String, String>);

impl FromStr for Amounts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let amounts = text.split(',').map(|part| {
            let (name, amount) = part.split_once('=').ok_or_else(|| {
                format!("`{part}` is not RESOURCE=QUANTITY, for example memory=64Mi")
            })?;
            if !["cpu", "memory", "ephemeral-storage"].contains(&name) {
                return Err(format!("`{name}` is not cpu, memory or ephemeral-storage"));
            }
            if quantity::nano(amount).is_none_or(|amount| amount < 0) {
                return Err(format!("`{amount}` is not a quantity, for example 20m or 64Mi"));
            }
            Ok((name.to_owned(), amount.to_owned()))
        });
        Ok(Self(amounts.collect::<Result<_, _>>()?))
    }
}

/// Requests and limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    /// What is reserved on the node.
    pub requests: Amounts,
    /// The most that the pod may use.
    pub limits: Amounts,
}

impl Default for Resources {
    /// Enough for a host with all components.
    fn default() -> Self {
        let amounts = |cpu: &str, memory: &str| {
            Amounts([("cpu", cpu), ("memory", memory)].map(|(k, v)| (k.into(), v.into())).into())
        };
        Self { requests: amounts("20m", "64Mi"), limits: amounts("1", "256Mi") }
    }
}

impl Resources {
    /// As in a container. What was given is laid over the defaults.
    pub(super) fn to_json(&self) -> Value {
        json!({"requests": self.requests.0, "limits": self.limits.0})
    }

    /// These over the defaults, by resource.
    #[must_use]
    pub fn with(mut self, requests: Option<Amounts>, limits: Option<Amounts>) -> Self {
        self.requests.0.extend(requests.unwrap_or_default().0);
        self.limits.0.extend(limits.unwrap_or_default().0);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_amounts_replace_those_of_the_same_resource() {
        let limits = "memory=1Gi,ephemeral-storage=1G".parse().unwrap();
        assert_eq!(
            Resources::default().with(None, Some(limits)).to_json(),
            json!({
                "requests": {"cpu": "20m", "memory": "64Mi"},
                "limits": {"cpu": "1", "ephemeral-storage": "1G", "memory": "1Gi"},
            })
        );
        for wrong in ["cpu", "cpu=", "cpu=much", "memory=-1", "gpu=1", ""] {
            assert!(wrong.parse::<Amounts>().is_err(), "{wrong}");
        }
    }
}
