//! Patterns for kinds and fields.

use std::str::FromStr;

use serde::Deserialize;
use serde_json::Value;

use super::ObjectId;

/// A kind: `Kind`, `Kind.group` or `*`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum KindPattern {
    /// Every kind.
    Any,
    /// One kind of one group; the core group is empty.
    Exact {
        /// The kind.
        kind: String,
        /// Its group.
        group: String,
    },
}

impl KindPattern {
    /// Whether an object is of this kind.
    pub fn matches(&self, id: &ObjectId) -> bool {
        match self {
            Self::Any => true,
            Self::Exact { kind, group } => id.is(group, kind),
        }
    }
}

impl From<String> for KindPattern {
    fn from(text: String) -> Self {
        if text == "*" {
            return Self::Any;
        }
        let (kind, group) = text.split_once('.').unwrap_or((&text, ""));
        Self::Exact { kind: kind.to_owned(), group: group.to_owned() }
    }
}

/// A path with wildcards: `webhooks.*.clientConfig.caBundle`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PathPattern(Vec<Segment>);

/// One step of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// This key.
    Key(String),
    /// Any one key or list item.
    Any,
}

impl PathPattern {
    /// The steps.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Calls `f` on every value that the pattern matches.
    pub fn visit(&self, value: &mut Value, f: &mut impl FnMut(&mut Value)) {
        visit(&self.0, value, f);
    }

    /// Removes every key that the pattern matches from its mapping; list items stay.
    pub fn remove(&self, value: &mut Value) {
        let Some((Segment::Key(last), parents)) = self.0.split_last() else {
            return;
        };
        visit(parents, value, &mut |parent| {
            if let Value::Object(map) = parent {
                map.shift_remove(last);
            }
        });
    }
}

fn visit(segments: &[Segment], value: &mut Value, f: &mut impl FnMut(&mut Value)) {
    let Some((first, rest)) = segments.split_first() else {
        return f(value);
    };
    match (first, value) {
        (Segment::Key(key), Value::Object(map)) => {
            if let Some(child) = map.get_mut(key) {
                visit(rest, child, f);
            }
        }
        (Segment::Any, Value::Object(map)) => map.values_mut().for_each(|v| visit(rest, v, f)),
        (Segment::Any, Value::Array(items)) => items.iter_mut().for_each(|v| visit(rest, v, f)),
        _ => {}
    }
}

impl FromStr for PathPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let key;
            if let Some(quoted) = rest.strip_prefix("[\"") {
                (key, rest) = quoted
                    .split_once("\"]")
                    .ok_or_else(|| format!("`{text}`: `[\"` is not closed"))?;
            } else {
                (key, rest) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
            }
            if key.is_empty() {
                return Err(format!("`{text}` has an empty key"));
            }
            segments.push(if key == "*" { Segment::Any } else { Segment::Key(key.to_owned()) });
            rest = match rest.strip_prefix('.') {
                Some("") => return Err(format!("`{text}` ends in a dot")),
                Some(rest) => rest,
                None => rest,
            };
        }
        if segments.is_empty() { Err("a path is empty".to_owned()) } else { Ok(Self(segments)) }
    }
}

impl TryFrom<String> for PathPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reached(pattern: &str, mut value: Value) -> Vec<Value> {
        let mut found = Vec::new();
        pattern.parse::<PathPattern>().unwrap().visit(&mut value, &mut |v| found.push(v.clone()));
        found
    }

    #[test]
    fn reaches_keys_items_and_quoted_keys() {
        let value = json!({"a": [{"b": 1}, {"b": 2}, {"c": 3}], "x": {"y.z/w": 4}});
        assert_eq!(reached("a.*.b", value.clone()), [json!(1), json!(2)]);
        assert_eq!(reached("x[\"y.z/w\"]", value.clone()), [json!(4)]);
        assert_eq!(reached("x.*", value.clone()), [json!(4)]);
        assert_eq!(reached("a.b", value), [] as [Value; 0]);
    }

    #[test]
    fn removes_keys() {
        let mut value = json!({"a": [{"b": 1, "d": 0}, {"c": 3}]});
        "a.*.b".parse::<PathPattern>().unwrap().remove(&mut value);
        assert_eq!(value, json!({"a": [{"d": 0}, {"c": 3}]}));
    }

    #[test]
    fn refuses_what_is_no_path() {
        for text in ["", "a..b", "a.", ".a", "a[\"b", "a[\"\"]"] {
            assert!(text.parse::<PathPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn kinds_know_their_group() {
        let id = |api: &str| {
            ObjectId::of(&json!({"apiVersion": api, "kind": "User", "metadata": {"name": "a"}}))
        };
        let pattern = KindPattern::from("User.iam.kubesphere.io".to_owned());
        assert!(pattern.matches(&id("iam.kubesphere.io/v1alpha2").unwrap()));
        assert!(!pattern.matches(&id("v1").unwrap()));
        assert!(KindPattern::Any.matches(&id("v1").unwrap()));
    }
}
