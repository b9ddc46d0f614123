//! The dashboard and the alert rules fit the metrics that there are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ksi::telemetry::{ComponentState, Telemetry};
use ksi::yaml;
use regex::Regex;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/monitoring")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

fn document(name: &str) -> Value {
    let mut sources = ksi::diagnostic::Sources::default();
    let id = sources.add(name, read(name));
    let (nodes, problems) = yaml::parse(&sources, id);
    assert!(problems.is_empty(), "{name}: {problems:?}");
    nodes[0].to_json()
}

/// Every series of a controller in which everything has happened, with its labels.
fn series() -> BTreeMap<String, BTreeSet<String>> {
    let telemetry = Telemetry::new("1");
    telemetry.components([ComponentState { component: "a", state: "b", reason: "c" }]);
    telemetry.drift("a", "b");
    telemetry.run("a", Duration::ZERO);
    telemetry.certificate("a", SystemTime::UNIX_EPOCH);
    telemetry.admission("a", Duration::ZERO);
    let text = telemetry.text(SystemTime::UNIX_EPOCH);
    let line = Regex::new(r"^(ksi_\w+)(?:\{(.*)\})? ").unwrap();
    let label = Regex::new(r#"(\w+)="[^"]*""#).unwrap();
    let series = text.lines().filter_map(|text| {
        let found = line.captures(text)?;
        let labels = found.get(2).map_or("", |labels| labels.as_str());
        let labels = label.captures_iter(labels).map(|label| label[1].to_owned()).collect();
        Some((found[1].to_owned(), labels))
    });
    series.collect()
}

/// Every expression, with the place where it stands.
fn expressions() -> Vec<(String, String)> {
    let rules = document("rules.yaml");
    let alerts = rules["spec"]["groups"][0]["rules"].as_array().unwrap().clone();
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")).unwrap();
    let of = |name: &Value, expression: &Value| {
        (name.as_str().unwrap().to_owned(), expression.as_str().unwrap().to_owned())
    };
    let alerts = alerts.into_iter().map(|alert| of(&alert["alert"], &alert["expr"]));
    let panels = dashboard["panels"].as_array().unwrap().clone();
    let panels = panels.into_iter().flat_map(|panel| {
        let targets = panel["targets"].as_array().unwrap().clone();
        targets.into_iter().map(move |target| of(&panel["title"], &target["expr"]))
    });
    alerts.chain(panels).collect()
}

#[test]
fn every_expression_names_series_and_labels_that_exist() {
    let series = series();
    let (name, by) = (Regex::new(r"ksi_\w+").unwrap(), Regex::new(r"by \(([^)]*)\)").unwrap());
    let selector = Regex::new(r"(\w+)\s*[!=]?[=~]").unwrap();
    let braces = Regex::new(r"\{([^}]*)\}").unwrap();
    let mut used = BTreeSet::new();
    for (place, expression) in expressions() {
        let open = expression.matches(['(', '{', '[']).count();
        assert_eq!(open, expression.matches([')', '}', ']']).count(), "{place}: {expression}");
        let mut labels = BTreeSet::new();
        for found in name.find_iter(&expression) {
            let known = series.get(found.as_str());
            labels.extend(known.unwrap_or_else(|| panic!("{place}: no {}", found.as_str())));
            used.insert(found.as_str().to_owned());
        }
        assert!(!labels.is_empty() || !expression.contains("by ("), "{place}: {expression}");
        let grouped = by.captures_iter(&expression).flat_map(|by| {
            by[1].split(',').map(|label| label.trim().to_owned()).collect::<Vec<_>>()
        });
        let selected = braces.captures_iter(&expression).flat_map(|inner| {
            selector.captures_iter(&inner[1]).map(|s| s[1].to_owned()).collect::<Vec<_>>()
        });
        for label in grouped.chain(selected) {
            assert!(labels.contains(&label), "{place}: {expression} has no label {label}");
        }
    }
    let unused = series.keys().filter(|name| {
        let is_part = name.ends_with("_sum") || name.ends_with("_count");
        !is_part && !used.contains(*name)
    });
    assert_eq!(unused.collect::<Vec<_>>(), [""; 0], "nothing shows them");
}

#[test]
fn every_alert_says_what_it_means_and_what_to_do() {
    let page = include_str!("../../docs/monitoring.md");
    let rules = document("rules.yaml");
    let alerts = rules["spec"]["groups"][0]["rules"].as_array().unwrap();
    assert!(alerts.len() >= 6, "{}", alerts.len());
    let series = series();
    for alert in alerts {
        let name = alert["alert"].as_str().unwrap();
        assert!(name.starts_with("Ksi"), "{name}");
        for (part, key) in
            [("labels", "severity"), ("annotations", "summary"), ("annotations", "description")]
        {
            let text = alert[part][key].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{name} has no {key}");
            for label in text.split("$labels.").skip(1) {
                let label = label.split(|c: char| !c.is_alphanumeric()).next().unwrap();
                let known = series.values().any(|labels| labels.contains(label));
                assert!(known, "{name}: {key} has no label {label}");
            }
        }
        let severity = alert["labels"]["severity"].as_str().unwrap();
        assert!(["critical", "warning", "info"].contains(&severity), "{name}: {severity}");
        assert!(
            page.contains(&format!("| `{name}` | {severity} | ")),
            "docs/monitoring.md: {name}"
        );
    }
}

#[test]
fn every_metric_is_documented_with_its_labels() {
    let page = include_str!("../../docs/monitoring.md");
    for (name, labels) in series() {
        let is_part = ["_bucket", "_sum", "_count"].iter().any(|end| name.ends_with(end));
        let name = ["_bucket", "_sum", "_count"]
            .iter()
            .fold(&*name, |name, end| name.strip_suffix(end).unwrap_or(name));
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` | ")));
        let row = row.unwrap_or_else(|| panic!("docs/monitoring.md has no row for `{name}`"));
        for label in labels.iter().filter(|_| !is_part) {
            assert!(row.contains(&format!("`{label}`")), "docs/monitoring.md: {name} has {label}");
        }
    }
}

#[test]
fn everything_in_the_folder_is_applied_and_parses() {
    let mut named: BTreeSet<String> = ["kustomization.yaml".to_owned()].into();
    let kustomization = document("kustomization.yaml");
    let resources = kustomization["resources"].as_array().unwrap();
    named.extend(resources.iter().map(|name| name.as_str().unwrap().to_owned()));
    let files = kustomization["configMapGenerator"][0]["files"].as_array().unwrap();
    let file = |entry: &Value| entry.as_str().unwrap().split('=').next_back().unwrap().to_owned();
    named.extend(files.iter().map(file));
    let there = std::fs::read_dir(folder()).unwrap();
    let there: BTreeSet<String> =
        there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(named, there);
    for name in there.iter().filter(|name| name.ends_with("yaml")) {
        assert!(document(name)["kind"].is_string(), "{name}");
    }
    let dashboard: Value = serde_json::from_str(&read("dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "two panels have one id");
}
