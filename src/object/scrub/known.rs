//! The spellings in which a secret value may turn up in a text.

use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{patterns, shape};
use crate::diagnostic::{Sources, is_secret_name};
use crate::yaml;

/// Anything shorter is found by chance.
const SHORTEST: usize = 6;
/// Anything shorter has no base64 that is its own.
const SHORTEST_ENCODED: usize = 9;
/// Secrets in name only, that stand in everything: the client secret of KubeSphere's own OAuth client is the same
/// in every installation (ks-installer, `kubesphere-config.yaml.j2`). To hide it would hide half of every name.
const IN_NAME_ONLY: [&str; 1] = ["kubesphere"];
/// Anything shorter has no structure.
const SHORTEST_STRUCTURE: usize = 16;

/// What a URL cannot hold as it is (RFC 3986, all but the unreserved characters).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// All spellings of a value: as it is, line by line, escaped, in base64 wherever it stands there. Of a
/// structured one, such as a kubeconfig, only what is secret in it: its keys and names stand everywhere.
pub(super) fn spellings(value: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let text = std::str::from_utf8(value).unwrap_or_default();
    let documents = documents(text);
    if documents.is_empty() {
        one(value, &mut found);
    } else {
        encoded(value, &mut found);
        for document in &documents {
            inside(document, false, &mut found);
        }
    }
    found.retain(|spelling| {
        spelling.len() >= SHORTEST && !IN_NAME_ONLY.contains(&spelling.as_str())
    });
    found
}

/// The mappings and lists that a text holds as JSON or YAML.
fn documents(text: &str) -> Vec<Value> {
    if text.len() < SHORTEST_STRUCTURE || !text.contains(['{', '\n']) {
        return Vec::new();
    }
    let mut documents = if let Ok(document) = serde_json::from_str(text) {
        vec![document]
    } else {
        let mut sources = Sources::default();
        let id = sources.add("secret", text);
        let (documents, problems) = yaml::parse(&sources, id);
        if !problems.is_empty() {
            return Vec::new();
        }
        documents.iter().map(yaml::Node::to_json).collect()
    };
    documents.retain(|document| document.is_object() || document.is_array());
    documents
}

/// The texts of a document that are secret by their name or look like it, also in a document within.
fn inside(value: &Value, secret: bool, found: &mut Vec<String>) {
    match value {
        Value::String(text) if secret || shape::is_random(text) => {
            one(text.as_bytes(), found);
        }
        Value::String(text) => {
            for document in &documents(text) {
                inside(document, false, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| inside(item, secret, found)),
        Value::Object(map) => {
            for (key, child) in map {
                inside(child, is_secret_name(key), found);
            }
        }
        Value::Number(number) if secret => one(number.to_string().as_bytes(), found),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn one(value: &[u8], found: &mut Vec<String>) {
    if value.len() < SHORTEST {
        return;
    }
    if let Ok(text) = std::str::from_utf8(value) {
        if is_public(text) {
            return;
        }
        let text = text.trim();
        if text.contains('\n') {
            let lines = text.lines().map(str::trim).filter(|line| !is_prose(line));
            found.extend(lines.map(str::to_owned));
        } else {
            found.push(text.to_owned());
        }
    }
    encoded(value, found);
}

/// A certificate, which everybody may know.
fn is_public(text: &str) -> bool {
    let begins = |what: &str| text.matches(&format!("-----BEGIN {what}")).count();
    begins("CERTIFICATE") > 0 && begins("CERTIFICATE") == begins("")
        || patterns::is_certificate(text.trim())
}

/// A line of a long secret that says nothing by itself: words, a name, the frame of a key.
fn is_prose(line: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || "-_./:".contains(c);
    line.contains(' ') || line.chars().all(word)
}

/// A value inside of other texts: escaped, and in base64.
fn encoded(value: &[u8], found: &mut Vec<String>) {
    if let Ok(text) = std::str::from_utf8(value) {
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
