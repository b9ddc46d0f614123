//! The spellings in which a secret value may turn up in a text.

use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::diagnostic::{Sources, is_secret_name};
use crate::yaml;

/// Anything shorter is found by chance.
const SHORTEST: usize = 6;
/// Anything shorter has no base64 that is its own.
const SHORTEST_ENCODED: usize = 9;
/// Secrets in name only, that stand in everything: the client secret of KubeSphere's own OAuth client is the same
/// in every installation (ks-installer, `kubesphere-config.yaml.j2`). To hide it would hide half of every name.
const IN_NAME_ONLY: [&str; 1] = ["kubesphere"];
/// A text inside of a structured secret that is this long is likely to be one by itself.
const TOKEN: usize = 16;

/// What a URL cannot hold as it is (RFC 3986, all but the unreserved characters).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// All spellings of a value: as it is, line by line, escaped, in base64 wherever it stands there, and
/// the same of the secrets inside of a structured one, such as a kubeconfig.
pub(super) fn spellings(value: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    one(value, &mut found);
    let structured = value.len() > TOKEN && (value.contains(&b'{') || value.contains(&b'\n'));
    if let Ok(text) = std::str::from_utf8(value)
        && structured
    {
        for document in documents(text) {
            inside(&document, false, &mut found);
        }
    }
    found.retain(|spelling| {
        spelling.len() >= SHORTEST && !IN_NAME_ONLY.contains(&spelling.as_str())
    });
    found
}

/// What a text holds as JSON or YAML.
fn documents(text: &str) -> Vec<Value> {
    if let Ok(document) = serde_json::from_str(text) {
        return vec![document];
    }
    let mut sources = Sources::default();
    let id = sources.add("secret", text);
    yaml::parse(&sources, id).0.iter().map(yaml::Node::to_json).collect()
}

/// The texts of a document that are secret by their name or their length.
fn inside(value: &Value, secret: bool, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            if secret || (text.len() >= TOKEN && !text.contains(' ') && !text.contains("://")) {
                one(text.as_bytes(), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| inside(item, secret, found)),
        Value::Object(map) => {
            for (key, child) in map {
                inside(child, is_secret_name(key), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn one(value: &[u8], found: &mut Vec<String>) {
    if value.len() < SHORTEST {
        return;
    }
    if let Ok(text) = std::str::from_utf8(value) {
        found.extend(text.lines().map(str::trim).map(str::to_owned));
        let text = text.trim_end();
        let json = Value::from(text).to_string();
        found.push(json[1..json.len() - 1].to_owned());
        found.push(utf8_percent_encode(text, ESCAPED).to_string());
    }
    for value in [value, value.trim_ascii_end()] {
        if value.len() >= SHORTEST_ENCODED {
            (0..3).for_each(|at| found.extend(encoded_at(value, at)));
        }
    }
}

/// What stands in any base64 text that holds the value behind so many bytes (modulo 3), without the
/// characters at its ends that its neighbours take part in.
fn encoded_at(value: &[u8], before: usize) -> [String; 2] {
    let mut bytes = vec![0; before];
    bytes.extend(value);
    let begin = [0, 2, 3][before];
    let end = bytes.len() * 8 / 6;
    [BASE64_STANDARD_NO_PAD.encode(&bytes), BASE64_URL_SAFE_NO_PAD.encode(&bytes)]
        .map(|text| text.get(begin..end).unwrap_or_default().to_owned())
}
