//! The pages of the error codes are true.

use std::path::Path;

use ksi::config::{self, Input, Request};
use ksi::diagnostic::{Code, Diagnostics};
use ksi::facts::Facts;
use ksi::validate::{self, Options};

fn found(text: &str, framed: bool) -> Diagnostics {
    // A piece of a specification gets the frame around it.
    let text = if text.contains("kind:") || !framed {
        text.to_owned()
    } else {
        let frame = "apiVersion: installer.kubesphere.io/v1alpha1\nkind: ClusterConfiguration\n";
        format!("{frame}{text}")
    };
    let input = Input { name: "example.yaml".into(), bytes: text.into_bytes() };
    let loaded = config::load(Request { inputs: vec![input], sets: Vec::new() });
    let facts = loaded.kubekey.as_ref().map_or_else(Facts::default, |k| k.facts(Facts::default()));
    match validate::validate(&loaded, &facts, Options::default()) {
        Ok(valid) => valid.warnings,
        Err(found) => found,
    }
}

#[test]
fn every_code_has_a_page_that_begins_with_its_title() {
    for code in Code::ALL {
        let first = code.page().lines().next().unwrap();
        assert_eq!(first, format!("# {code}: {}", code.title()));
        assert!(code.page().len() > 300, "{code}: a page of two words");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors");
    let pages = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(pages, Code::ALL.len() + 1, "a page without a code");
}

#[test]
fn the_index_names_every_code() {
    let index = include_str!("../../docs/errors/README.md");
    for code in Code::ALL {
        assert!(index.contains(&code.to_string()), "{code}");
        assert!(index.contains(code.title()), "{code}: {}", code.title());
    }
}

#[test]
fn wrong_examples_are_wrong_and_right_ones_are_right() {
    // Flags, unreadable files, encodings and templates cannot be shown as YAML.
    let elsewhere = [Code::Unreadable, Code::NotUtf8, Code::BadSet, Code::Template];
    for code in Code::ALL.iter().filter(|c| !elsewhere.contains(c)) {
        let examples: Vec<&str> = code
            .page()
            .split("```yaml\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next())
            .collect();
        let [wrong, .., right] = examples[..] else {
            panic!("{code}: no wrong and right example");
        };
        assert!(
            found(wrong, *code != Code::NoConfiguration).iter().any(|d| d.code == *code),
            "{code}: the wrong example is right\n{wrong}"
        );
        assert!(
            !found(right, true).iter().any(|d| d.code == *code),
            "{code}: the right example is wrong\n{right}"
        );
    }
}
