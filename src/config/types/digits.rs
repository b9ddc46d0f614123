//! Whole numbers that existing files write with or without quotes.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole number for which ks-installer's own files use `9200`, `"9200"` and `""` (not given).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digits(pub Option<u32>);

impl Digits {
    /// A number that is given.
    pub const fn new(number: u32) -> Self {
        Self(Some(number))
    }
}

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, target: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(number) => target.serialize_u32(number),
            None => target.serialize_str(""),
        }
    }
}

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a whole number or a string of digits")]
        enum Written {
            Number(u32),
            Text(String),
        }
        match Written::deserialize(source)? {
            Written::Number(number) => Ok(Self(Some(number))),
            Written::Text(text) if text.is_empty() => Ok(Self(None)),
            // `parse` alone would take a sign.
            Written::Text(text) if text.bytes().all(|b| b.is_ascii_digit()) => {
                text.parse().map(|number| Self(Some(number))).map_err(D::Error::custom)
            }
            Written::Text(text) => Err(D::Error::custom(format!("`{text}` is not a whole number"))),
        }
    }
}

impl JsonSchema for Digits {
    fn schema_name() -> Cow<'static, str> {
        "Digits".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "string"],
            "minimum": 0,
            "maximum": u32::MAX,
            "pattern": "^[0-9]{0,9}$",
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn both_forms_mean_the_same() {
        for (written, number) in
            [(json!(9200), Some(9200)), (json!("9200"), Some(9200)), (json!(""), None)]
        {
            assert_eq!(from_value::<Digits>(written).unwrap(), Digits(number));
        }
        for wrong in [json!("+1"), json!("1.5"), json!(-1), json!(true), json!("99999999999")] {
            assert!(from_value::<Digits>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
