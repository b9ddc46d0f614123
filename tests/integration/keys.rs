//! Every key that a release or a guide ever had is accepted, moved, or obsolete, with one warning at most.

use ksi::config::{self, Input, Request};
use ksi::diagnostic::{Code, Diagnostics, TextStyle, to_text};
use ksi::facts::Facts;
use ksi::validate::{self, Options};
use serde_json::{Value, json};

const TABLE: &str = include_str!("../fixtures/keys-of-releases.tsv");

/// What ksi says about a configuration with this key only: what it does with it, and its words.
fn understood(path: &str, value: &Value) -> (String, String) {
    let spec = path.rsplit('.').fold(value.clone(), |value, key| json!({ key: value }));
    let document = json!({"apiVersion": config::API_VERSION, "kind": config::KIND, "spec": spec});
    let input = Input { name: path.to_owned(), bytes: document.to_string().into_bytes() };
    let loaded = config::load(Request { inputs: vec![input], sets: Vec::new() });
    let found = match validate::validate(&loaded, &Facts::default(), Options::default()) {
        Ok(valid) => valid.warnings,
        Err(found) => found,
    };
    (what(&found), to_text(&found, &loaded.sources, TextStyle::default()))
}

fn what(found: &Diagnostics) -> String {
    if found.has_errors() {
        return "refused".to_owned();
    }
    let mut kinds: Vec<&str> = found
        .iter()
        .filter_map(|diagnostic| match diagnostic.code {
            Code::Migrated => Some("moved"),
            Code::Obsolete => Some("obsolete"),
            Code::UnknownField | Code::MisplacedField => Some("unknown"),
            _ => None,
        })
        .collect();
    kinds.sort_unstable();
    if kinds.is_empty() { "accepted".to_owned() } else { kinds.join("+") }
}

#[test]
fn every_key_of_every_release_is_understood() {
    let mut wrong = Vec::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [path, value, wanted] = columns[..] else { panic!("not three columns: {line}") };
        let (given, text) = understood(path, &serde_json::from_str(value).unwrap());
        if given != wanted {
            wrong.push(format!("{path}: {given} instead of {wanted}\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{} keys:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn old_keys_in_braces_are_rewritten_too() {
    let text = format!(
        "apiVersion: {}\nkind: {}\nspec:\n  # kept where lines can move\n  monitoring: {{enabled: true, \
         prometheusReplica: 2}}\n  persistence: {{enabled: true}}\n",
        config::API_VERSION,
        config::KIND
    );
    let rewritten = config::rewrite("old.yaml", &text).unwrap();
    assert_eq!((rewritten.moved, rewritten.comments_kept), (3, false));
    assert!(rewritten.text.contains("replicas: 2"), "{}", rewritten.text);
    assert!(!rewritten.text.contains("enabled"), "{}", rewritten.text);
    let again = config::rewrite("new.yaml", &rewritten.text).unwrap();
    assert_eq!((again.moved, again.comments_kept), (0, true));
}

/// What stands beside it in a file that users applied with `kubectl`.
const BEFORE: &str =
    "# first\napiVersion: v1\nkind: Namespace\nmetadata: {name: a} # as it is\n---\n";
const AFTER: &str = "--- # last\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\nstringData:\n  text: |\n    ---\n";

#[test]
fn documents_beside_the_configuration_stay_as_they_are() {
    let old = std::fs::read_to_string("samples/legacy/2.1-configmap.yaml").unwrap();
    let braces = format!(
        "apiVersion: {}\nkind: {}\nspec:\n  monitoring: {{enabled: true, prometheusReplica: 2}}\n",
        config::API_VERSION,
        config::KIND
    );
    for configuration in [old.as_str(), &braces] {
        let alone = config::rewrite("old.yaml", configuration).unwrap();
        assert!(alone.moved > 0);
        for ends in ["\n", "\r\n"] {
            let text = [BEFORE, configuration, AFTER].concat().replace('\n', ends);
            let rewritten = config::rewrite("old.yaml", &text).unwrap();
            let expected = [BEFORE, alone.text.as_str(), AFTER].concat().replace('\n', ends);
            assert_eq!(rewritten.text, expected);
            assert_eq!(rewritten.moved, alone.moved);
        }
    }
}
