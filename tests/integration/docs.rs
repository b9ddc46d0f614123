//! The pages are true: examples of the error codes, names of tests, exit codes.

use std::fs;
use std::path::{Path, PathBuf};

use ksi::config::{self, Input, Request};
use ksi::diagnostic::{Code, Diagnostics};
use ksi::facts::Facts;
use ksi::install::restricted;
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
        let title = format!("# {code}: {}", code.title());
        assert_eq!(
            first, title,
            "the first line of docs/errors/{code}.md is not its title in code.rs"
        );
        assert!(
            code.page().len() > 300,
            "docs/errors/{code}.md is too short: copy the sections of another page"
        );
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let code = name.strip_suffix(".md").and_then(|stem| stem.parse::<Code>().ok());
        assert!(
            code.is_some() || name == "README.md",
            "docs/errors/{name} has no code in src/diagnostic/code.rs"
        );
    }
}

#[test]
fn the_index_names_every_code() {
    let index = include_str!("../../docs/errors/README.md");
    for code in Code::ALL {
        let row = format!("| [{code}]({code}.md) | {} | ", code.title());
        assert!(
            index.contains(&row),
            "docs/errors/README.md: add the row `{row}error |` or `warning |`"
        );
    }
}

#[test]
fn wrong_examples_are_wrong_and_right_ones_are_right() {
    // Flags, unreadable files, encodings and templates cannot be shown as YAML; others depend on what is installed.
    let elsewhere = [
        Code::Unreadable,
        Code::NotUtf8,
        Code::BadSet,
        Code::Template,
        Code::ExistingAdmin,
        Code::HostRenamed,
    ];
    for code in Code::ALL.iter().filter(|c| !elsewhere.contains(c)) {
        let examples: Vec<&str> = code
            .page()
            .split("```yaml\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next())
            .collect();
        let [wrong, .., right] = examples[..] else {
            panic!("docs/errors/{code}.md: add two blocks ```yaml, a wrong and a right example");
        };
        assert!(
            found(wrong, *code != Code::NoConfiguration).iter().any(|d| d.code == *code),
            "docs/errors/{code}.md: the wrong example does not produce {code}\n{wrong}"
        );
        assert!(
            !found(right, true).iter().any(|d| d.code == *code),
            "docs/errors/{code}.md: the right example produces {code}\n{right}"
        );
    }
}

#[test]
fn the_readme_has_the_number_of_objects_of_a_host() {
    let spec = serde_json::json!({"multicluster": {"clusterRole": "host"}});
    let number = crate::render::render_with(spec, &Facts::default()).len();
    let readme = include_str!("../../README.md");
    for line in [format!("done: {number} created"), format!("nothing to do: {number} unchanged")] {
        assert!(readme.contains(&line), "adjust the numbers of objects in README.md: `{line}`");
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What stands between backticks on a page and has `::` in it.
fn paths(page: &str) -> Vec<&str> {
    let code = page.split("```").step_by(2).flat_map(|text| text.split('`').skip(1).step_by(2));
    code.filter(|word| word.contains("::")).collect()
}

/// Where a test of this path may stand: `a::b::name` in `a/b.rs` or `a/b/mod.rs`, unit tests with `tests` between.
fn files(modules: &[&str]) -> Vec<PathBuf> {
    let modules = match modules {
        [before @ .., "tests"] => before,
        all => all,
    };
    let folders = ["tests/clusters", "tests/integration", "tests/sandbox/tests", "src"];
    let places = folders.iter().flat_map(|folder| {
        let place = modules.iter().fold(root().join(folder), |place, name| place.join(name));
        [place.with_extension("rs"), place.join("mod.rs"), place.join("tests.rs")]
    });
    places.filter(|place| place.is_file()).collect()
}

/// Whether a source has such a function, with `#[test]` among its attributes.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let begin = format!("fn {name}(");
    let at = lines.iter().position(|line| line.trim_start_matches("async ").starts_with(&begin));
    at.is_some_and(|at| {
        let above = lines[..at].iter().rev();
        above
            .take_while(|line| line.starts_with("#[") || line.starts_with("///"))
            .any(|line| *line == "#[test]" || line.starts_with("#[tokio::test"))
    })
}

#[test]
fn the_pages_name_tests_that_exist() {
    let mut named = 0;
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let page = entry.unwrap().path();
        if page.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        for path in paths(&fs::read_to_string(&page).unwrap()) {
            let parts: Vec<&str> = path.split("::").collect();
            let (name, modules) = parts.split_last().unwrap();
            let found = files(modules)
                .iter()
                .any(|file| has_test(&fs::read_to_string(file).unwrap(), name));
            assert!(found, "{}: there is no test `{path}`", page.display());
            named += 1;
        }
    }
    assert!(named > 30, "only {named} tests are named");
}

#[test]
fn a_test_that_is_not_there_is_noticed() {
    assert_eq!(paths("a `b::c` d\n```sh\n`e::f`\n```\ng `h::*`"), ["b::c", "h::*"]);
    let here = include_str!("docs.rs");
    assert!(has_test(here, "a_test_that_is_not_there_is_noticed"));
    assert!(!has_test(here, "has_test") && !has_test(here, "*"));
    assert!(files(&["no", "such"]).is_empty());
}

/// Each code and its meaning, from the rows of a table.
fn codes(table: &str) -> Vec<(String, String)> {
    let rows = table.lines().filter_map(|line| line.trim_start_matches("//! ").strip_prefix("| "));
    let rows = rows.map(|row| row.split(" | ").map(str::trim).collect::<Vec<_>>());
    rows.filter(|row| row[0].parse::<u8>().is_ok())
        .map(|row| (row[0].to_owned(), row[1].trim_end_matches(" |").to_owned()))
        .collect()
}

#[test]
fn exit_codes_are_told_in_the_same_words_everywhere() {
    let page = codes(include_str!("../../docs/exit-codes.md"));
    assert_eq!(page.len(), 11);
    assert_eq!(codes(include_str!("../../src/cli/exit.rs")), page);
    let help = ksi::cli::command().get_after_help().unwrap().to_string();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted: Vec<String> =
        page.iter().map(|(code, meaning)| format!("{code} {meaning}")).collect();
    assert!(help.ends_with(&wanted.join(" ")), "{help}");
}

#[test]
fn the_events_of_the_controller_are_in_the_documentation() {
    let page = include_str!("../../docs/operate.md");
    for (reason, name, kind, when) in ksi::controller::REASONS {
        assert_eq!(reason.as_str(), *name);
        let row = format!("| `{name}` | {kind} | {when} |");
        assert!(page.contains(&row), "docs/operate.md: add the row {row}");
    }
}

#[test]
fn the_threat_model_names_every_restricted_field() {
    let page = include_str!("../../docs/threat-model.md");
    for field in restricted::RESTRICTED {
        let row = format!("| `{}` | {} |", field.path, field.gives);
        assert!(page.contains(&row), "docs/threat-model.md: add the row {row}");
    }
    assert!(page.contains(restricted::POLICY));
}
