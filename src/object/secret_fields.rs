//! Values that are secret by the name beside them.

use serde_json::Value;

use crate::diagnostic::is_secret_name;

/// The fields of a container that hold command lines.
const COMMAND_LINES: [&str; 2] = ["command", "args"];

/// Calls `hide` on every text or number, alone or in a list, under a key with a secret name.
pub(super) fn visit_fields(value: &mut Value, hide: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Object(map) => {
            for (key, child) in map {
                match child {
                    Value::String(_) | Value::Number(_) if is_secret_name(key) => hide(child),
                    Value::Array(items) if is_secret_name(key) => {
                        for item in items {
                            if item.is_object() {
                                visit_fields(item, hide);
                            } else {
                                hide(item);
                            }
                        }
                    }
                    _ => visit_fields(child, hide),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| visit_fields(item, hide)),
        _ => {}
    }
}

/// Calls `hide` on the secret parts of command lines and environments, wherever they stand.
pub(super) fn visit_containers(value: &mut Value, hide: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Object(map) => {
            if map.get("name").and_then(Value::as_str).is_some_and(is_secret_name)
                && let Some(variable @ Value::String(_)) = map.get_mut("value")
            {
                hide(variable);
            }
            for (key, child) in map {
                match child {
                    Value::Array(words) if COMMAND_LINES.contains(&key.as_str()) => {
                        visit_words(words, hide);
                    }
                    _ => visit_containers(child, hide),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| visit_containers(item, hide)),
        _ => {}
    }
}

/// `--token=x`, and `--token` before `x`.
fn visit_words(words: &mut [Value], hide: &mut impl FnMut(&mut Value)) {
    let mut next_is_secret = false;
    for word in words {
        let Value::String(text) = word else { continue };
        if std::mem::take(&mut next_is_secret) && !text.starts_with('-') {
            hide(word);
        } else if let Some((flag, secret)) = text.split_once('=') {
            if flag_is_secret(flag) {
                let mut hidden = Value::String(secret.to_owned());
                hide(&mut hidden);
                *text = format!("{flag}={}", hidden.as_str().unwrap_or_default());
            }
        } else {
            next_is_secret = text.starts_with('-') && flag_is_secret(text);
        }
    }
}

/// Names with blanks in them are the text of a script, where `=` and words mean other things.
fn flag_is_secret(flag: &str) -> bool {
    !flag.contains(char::is_whitespace) && is_secret_name(flag)
}
