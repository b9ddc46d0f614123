//! Keyed hashes: without a key, secrets could be guessed from their hashes.

use std::fmt;

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The key of all hashes of one inventory. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Key([u8; 32]);

impl Key {
    /// A key of 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key that everybody knows: for what is no secret, or stands beside its hash.
    pub fn public() -> Self {
        Self([0; 32])
    }

    /// HMAC-SHA256 of a value, the first 128 bits in hex. Equal values have equal hashes, whatever the
    /// order of their keys.
    pub fn digest(&self, value: &Value) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.0));
        feed(value, &mut context);
        hex::encode(&context.sign().as_ref()[..16])
    }
}

/// Each value begins with its type and length, so that no two values feed the same bytes.
fn feed(value: &Value, context: &mut hmac::Context) {
    let mut tagged = |tag: u8, bytes: &[u8]| {
        context.update(&[tag]);
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    match value {
        Value::Null => tagged(b'n', &[]),
        Value::Bool(bool) => tagged(b'b', &[u8::from(*bool)]),
        Value::Number(number) => tagged(b'd', number.to_string().as_bytes()),
        Value::String(text) => tagged(b's', text.as_bytes()),
        Value::Array(items) => {
            tagged(b'l', &(items.len() as u64).to_be_bytes());
            for item in items {
                feed(item, context);
            }
        }
        Value::Object(map) => {
            tagged(b'm', &(map.len() as u64).to_be_bytes());
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            for (key, value) in entries {
                context.update(&(key.len() as u64).to_be_bytes());
                context.update(key.as_bytes());
                feed(value, context);
            }
        }
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        hex::encode(key.0)
    }
}

impl TryFrom<String> for Key {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let mut key = [0; 32];
        hex::decode_to_slice(text, &mut key).map_err(|_| "the key is not 64 hexadecimal digits")?;
        Ok(Self(key))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_values_only() {
        let key = Key::new([1; 32]);
        let digest = |value: Value| key.digest(&value);
        assert_eq!(digest(json!({"a": 1, "b": [2]})), digest(json!({"b": [2], "a": 1})));
        let different = [
            json!(null),
            json!("1"),
            json!(1),
            json!([1]),
            json!([[1]]),
            json!({"a": 1}),
            json!({"a": 1, "b": 1}),
            json!({"ab": 1}),
            json!(["a", "b"]),
            json!(["ab"]),
        ];
        for (at, a) in different.iter().enumerate() {
            for b in &different[..at] {
                assert_ne!(key.digest(a), key.digest(b), "{a} {b}");
            }
        }
        assert_ne!(key.digest(&json!(1)), Key::new([2; 32]).digest(&json!(1)));
        assert_eq!(key.digest(&json!(1)).len(), 32);
    }

    #[test]
    fn the_key_is_stored_as_hex() {
        let key = Key::new(std::array::from_fn(|at| u8::try_from(at * 8).unwrap()));
        assert_eq!(Key::try_from(String::from(key.clone())), Ok(key));
        for text in ["", "ab", &"x".repeat(64), &"é".repeat(32)] {
            assert!(Key::try_from((*text).to_owned()).is_err());
        }
    }
}
