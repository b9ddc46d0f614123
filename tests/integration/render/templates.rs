//! The templates themselves: what a lint can say about them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ksi::render;
use serde_json::Value;

use super::{everything, find};

fn templates() -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|e| e == "j2") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"), &mut found);
    assert!(found.len() > 20);
    found
}

/// Whether `{{ }}` in a line stands where a whole YAML value stands, alone or behind a key.
fn is_whole_value(line: &str) -> bool {
    let mut rest = line.trim_start();
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item;
    }
    let value = match rest.split_once(": ") {
        Some((key, value)) if !key.contains("{{") => {
            let key = key.strip_prefix('"').and_then(|k| k.strip_suffix('"')).unwrap_or(key);
            let plain = |c: char| c.is_alphanumeric() || "_./-".contains(c);
            if key.is_empty() || !key.chars().all(plain) {
                return false;
            }
            value
        }
        _ => rest,
    };
    let inner = value.strip_prefix("{{ ").and_then(|v| v.strip_suffix(" }}"));
    inner.is_some_and(|inner| !inner.contains("{{") && !inner.contains("}}"))
}

#[test]
fn values_stand_only_where_a_whole_value_stands() {
    assert!(is_whole_value("  - name: {{ a.b }}"));
    assert!(is_whole_value("{{ a }}"));
    for wrong in ["- --name={{ a }}", "a: {{ b }}/{{ c }}", "a: \"{{ b }}\"", "a: x {{ b }}"] {
        assert!(!is_whole_value(wrong), "{wrong}");
    }
    for (path, text) in templates() {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.contains("{{")) {
            assert!(
                is_whole_value(line),
                "{}:{}: use {{{{ }}}} only for a whole value: {line}",
                path.display(),
                number + 1
            );
        }
    }
}

#[test]
fn templates_use_no_way_around_the_formatter() {
    for (path, text) in templates() {
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}:{}: {line}", path.display(), number + 1);
            let Some(tag) =
                line.split_once("{%").map(|(_, tag)| tag.trim_start_matches(['-', '+', ' ']))
            else {
                continue;
            };
            // A tag has its line to itself, so that it cannot join two values.
            assert!(line.starts_with("{%") && line.ends_with("%}"), "{place}");
            let word = tag.split_whitespace().next().unwrap();
            let known = ["if", "elif", "else", "endif", "for", "endfor", "set", "include"];
            assert!(known.contains(&word), "{place}");
            assert!(word != "set" || tag.contains('='), "{place}: captures a block");
        }
        for word in ["stringData", "hostPath", "hostNetwork", "| safe", "|safe", "autoescape"] {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn every_path_into_the_spec_exists() {
    let properties = |schema: &Value, root: &Value| {
        let name = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next());
        let target = name.map_or(schema, |name| &root["$defs"][name]);
        target["properties"].clone()
    };
    let root = ksi::config::spec_schema();
    for (path, text) in templates() {
        for part in text.split("spec.").skip(1) {
            let dotted: String = part
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "_.".contains(*c))
                .collect();
            let mut schema = root.clone();
            for key in dotted.trim_end_matches('.').split('.') {
                // `spec.nodeName` and the like are fields of manifests.
                let found = properties(&schema, &root)[key].clone();
                assert!(
                    !found.is_null(),
                    "{}: the schema has no key spec.{dotted}; if it is new, run `make golden`",
                    path.display()
                );
                schema = found;
            }
        }
    }
}

#[test]
fn a_component_lists_the_images_and_webhooks_that_it_renders() {
    for component in render::components() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(&component.name);
        let own = templates().into_iter().filter(|(path, _)| path.starts_with(&folder));
        for (path, text) in own {
            for name in text.split("image(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(
                    component.images.iter().any(|i| i == name),
                    "{}: add image {name} to `images` in component.yaml",
                    path.display()
                );
            }
        }
    }
    let host = everything("host");
    for component in render::components() {
        for webhook in &component.webhooks {
            assert!(
                find(&host, webhook).is_some(),
                "component {} lists {webhook} in `webhooks`, but does not render it",
                component.name
            );
        }
    }
    // Every webhook that can refuse a write is waited for.
    let listed: BTreeSet<String> =
        render::components().iter().flat_map(|c| c.webhooks.clone()).collect();
    for object in host.iter().filter(|o| o.id.kind.ends_with("WebhookConfiguration")) {
        let fails = object.body["webhooks"].as_array().unwrap();
        if fails.iter().any(|webhook| webhook["failurePolicy"] == "Fail") {
            assert!(
                listed.contains(&object.id.to_string()),
                "{} can refuse writes: add it to `webhooks` in component.yaml",
                object.id
            );
        }
    }
}
