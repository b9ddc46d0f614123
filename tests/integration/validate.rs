//! Every sample is right, every invalid fixture is refused with its golden text, and nothing makes
//! the reader panic.

use std::path::{Path, PathBuf};

use ksi::config::{self, Input, Loaded, Request};
use ksi::diagnostic::{Code, Diagnostics, TextStyle, to_json, to_text};
use ksi::facts::Facts;
use ksi::validate::{self, Options};

fn load(path: &Path) -> Loaded {
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let input = Input { name, bytes: std::fs::read(path).unwrap() };
    config::load(Request { inputs: vec![input], sets: Vec::new() })
}

fn found(loaded: &Loaded) -> Diagnostics {
    let facts = loaded.kubekey.as_ref().map_or_else(Facts::default, |k| k.facts(Facts::default()));
    match validate::validate(loaded, &facts, Options::default()) {
        Ok(valid) => {
            assert!(!valid.warnings.has_errors());
            valid.warnings
        }
        Err(found) => {
            assert!(found.has_errors());
            found
        }
    }
}

fn report(path: &Path) -> (String, Diagnostics) {
    let loaded = load(path);
    let found = found(&loaded);
    (to_text(&found, &loaded.sources, TextStyle::default()), found)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder below the project, by name.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} is empty");
    files
}

#[test]
fn samples_have_no_error_and_no_undeserved_word() {
    for path in files("samples") {
        let (text, _) = report(&path);
        insta::with_settings!({snapshot_suffix => stem(&path)}, {
            insta::assert_snapshot!("sample", text);
        });
        assert!(!text.contains("error["), "{}:\n{text}", path.display());
    }
}

#[test]
fn old_forms_are_migrated_with_one_warning_each() {
    for path in files("samples/legacy") {
        let (text, found) = report(&path);
        insta::with_settings!({snapshot_suffix => stem(&path)}, {
            insta::assert_snapshot!("legacy", text);
        });
        assert!(!found.has_errors(), "{}:\n{text}", path.display());
        assert!(!found.is_empty(), "{} has no old key", path.display());
    }
}

#[test]
fn the_shipped_configuration_has_not_a_word_to_say() {
    let data = root()
        .ancestors()
        .map(|a| a.join("shared/data/cluster-configuration-v3.4.1.yaml"))
        .find(|p| p.is_file());
    let Some(path) = data else {
        eprintln!("skipped: ../shared/data is not here");
        return;
    };
    let (text, _) = report(&path);
    assert_eq!(text, "");
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn json_has_what_text_has() {
    let loaded = load(&root().join("samples/legacy/3.0-alpha-misindented.yaml"));
    let found = found(&loaded);
    let json = to_json(&found, &loaded.sources);
    assert_eq!(json["warnings"], found.iter().count());
    assert_eq!(json["diagnostics"][0]["code"], "KSI0083");
    assert!(json["diagnostics"][0]["line"].as_u64().unwrap() > 1);
}

#[test]
fn every_invalid_fixture_has_its_golden() {
    let mut codes = std::collections::BTreeSet::new();
    let mut silent = Vec::new();
    for path in files("tests/fixtures/invalid") {
        let (text, found) = report(&path);
        insta::with_settings!({snapshot_suffix => stem(&path)}, {
            insta::assert_snapshot!("invalid", text);
        });
        if found.is_empty() {
            silent.push(stem(&path));
        }
        assert!(!text.contains("CANARY"), "{}: a secret is shown\n{text}", path.display());
        assert!(!to_json(&found, &load(&path).sources).to_string().contains("CANARY"));
        codes.extend(found.iter().map(|d| d.code));
    }
    assert!(silent.is_empty(), "no error and no warning for tests/fixtures/invalid: {silent:?}");
    // Flags, unreadable files, templates and what is installed are not fixtures.
    let elsewhere =
        [Code::Unreadable, Code::BadSet, Code::Template, Code::ExistingAdmin, Code::HostRenamed];
    let missing: Vec<_> =
        Code::ALL.iter().filter(|c| !codes.contains(c) && !elsewhere.contains(c)).collect();
    assert!(
        missing.is_empty(),
        "no file in tests/fixtures/invalid produces these codes, add one for each: {missing:?}"
    );
}

#[test]
fn every_invalid_fixture_gives_the_codes_that_it_is_named_for() {
    let table = include_str!("../fixtures/codes.tsv");
    let mut listed = Vec::new();
    for line in table.lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        let (name, wanted) = line.split_once('\t').unwrap();
        let (text, _) = report(&root().join("tests/fixtures/invalid").join(name));
        for wanted in wanted.split([' ', ',', '\t']).filter(|w| !w.is_empty()) {
            let given = wanted.split('|').any(|code| text.contains(&format!("[{code}]")));
            assert!(
                given,
                "{name}: tests/fixtures/codes.tsv expects {wanted}, but ksi reports\n{text}"
            );
        }
        listed.push(name);
    }
    for path in files("tests/fixtures/invalid") {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            listed.contains(&name),
            "add a line to tests/fixtures/codes.tsv: {name}, a tab, and the expected code"
        );
    }
}

#[test]
fn odd_but_right_inputs_have_no_error() {
    for path in files("tests/fixtures/valid") {
        let (text, found) = report(&path);
        assert!(!found.has_errors(), "{}:\n{text}", path.display());
    }
}
