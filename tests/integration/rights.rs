//! `deploy/rbac.yaml` is what ksi needs, for every role, sample and version.

use std::path::Path;

use ksi::config::{self, Configuration, Input, Request};
use ksi::facts::{Facts, KubernetesVersion};
use ksi::object::Object;
use ksi::rights::{self, Purpose, Right, Rule};
use serde_json::Value;

use crate::render::{everything_with, render_with};
use crate::schema::drift;

fn facts(minor: u32) -> Facts {
    Facts { kubernetes: KubernetesVersion { major: 1, minor }, ..Facts::default() }
}

/// Everything that ksi can render, each object once.
fn everything() -> Vec<Object> {
    let mut objects: Vec<Object> = Vec::new();
    for role in ["host", "member", "none"] {
        for minor in [KubernetesVersion::OLDEST.minor, KubernetesVersion::NEWEST.minor] {
            for object in everything_with(role, &facts(minor)) {
                if !objects.iter().any(|known| known.id == object.id) {
                    objects.push(object);
                }
            }
        }
    }
    objects
}

#[test]
fn the_account_is_checked_in() {
    drift("deploy/rbac.yaml", &rights::manifest(&everything()));
}

/// The documents of the file.
fn documents() -> Vec<Value> {
    let text = std::fs::read_to_string(root().join("deploy/rbac.yaml")).unwrap();
    let mut sources = ksi::diagnostic::Sources::default();
    let id = sources.add("rbac.yaml", text);
    let (nodes, problems) = ksi::yaml::parse(&sources, id);
    assert!(problems.is_empty(), "{problems:?}");
    nodes.iter().map(ksi::yaml::Node::to_json).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rules(kind: &str) -> Vec<Rule> {
    let all = documents();
    let role = all.iter().find(|document| document["kind"] == kind).unwrap();
    serde_json::from_value(role["rules"].clone()).unwrap()
}

fn is_allowed(right: &Right, everywhere: &[Rule], here: &[Rule]) -> bool {
    everywhere.iter().any(|rule| rule.allows(right))
        || (right.namespace.as_deref() == Some("kubesphere-system")
            && here.iter().any(|rule| rule.allows(right)))
}

#[test]
fn whatever_a_sample_renders_the_account_may_do() {
    let (everywhere, here) = (rules("ClusterRole"), rules("Role"));
    let folder = root().join("samples");
    let mut checked = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "yaml") {
            continue;
        }
        let input =
            Input { name: path.display().to_string(), bytes: std::fs::read(&path).unwrap() };
        // What users may name is in no rule.
        let sets = ["multicluster.hostClusterName=elsewhere", "multicluster.clusterName=another"];
        let sets = sets.map(str::to_owned).to_vec();
        let loaded = config::load(Request { inputs: vec![input], sets });
        let spec = loaded.spec.as_ref().unwrap().to_json();
        Configuration::from_json(spec.clone()).unwrap();
        for minor in [22, 25, 29, 34, 37] {
            let objects = render_with(spec.clone(), &facts(minor));
            for right in rights::rendered(&objects, &objects) {
                assert!(
                    is_allowed(&right, &everywhere, &here),
                    "{}: deploy/rbac.yaml has no {right:?}; run `make golden`",
                    path.display()
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 1000, "only {checked} rights were checked");
}

#[test]
fn every_rule_is_narrow() {
    for rule in rules("ClusterRole").into_iter().chain(rules("Role")) {
        let all = [&rule.api_groups, &rule.resources, &rule.verbs, &rule.resource_names];
        assert!(!all.into_iter().flatten().any(|word| word.contains('*')), "{rule:?}");
        let has = |verb: &str| rule.verbs.iter().any(|known| known == verb);
        let hurts = ["bind", "escalate", "delete", "patch", "update"].into_iter().any(has);
        // The Secrets of the history have numbers in their names.
        let history = rule.resources == ["secrets"] && rule.verbs == ["delete"];
        // Finalizers are removed from objects of users and controllers, whose names nobody knows.
        let others = ["bind", "escalate", "delete", "update"].into_iter().any(has);
        let released = !others && rule.resources.iter().all(|resource| is_held(&rule, resource));
        let fine = history || released || !rule.resource_names.is_empty();
        assert!(!hurts || fine, "without names: {rule:?}");
    }
}

/// Whether a controller puts finalizers on objects of a resource.
fn is_held(rule: &Rule, resource: &str) -> bool {
    let puts = ksi::object::rules().finalizers.iter().flat_map(|known| &known.puts);
    puts.into_iter().any(|put| {
        let (plural, group) = put.resource.split_once('.').unwrap_or((&put.resource, ""));
        (plural == "*" || plural == resource) && rule.api_groups == [group]
    })
}

#[test]
fn a_rule_that_nothing_needs_would_be_noticed() {
    let objects = everything();
    let mut needed = rights::rendered(&objects, &objects);
    needed.extend(rights::own(Purpose::ALL));
    let (everywhere, here) = (rules("ClusterRole"), rules("Role"));
    for rule in everywhere.iter().chain(&here) {
        for (resource, verb) in
            rule.resources.iter().flat_map(|r| rule.verbs.iter().map(move |v| (r, v)))
        {
            let names = rule.resource_names.iter().map(|name| Some(name.clone()));
            let names: Vec<_> =
                if rule.resource_names.is_empty() { vec![None] } else { names.collect() };
            for name in names {
                let used = needed.iter().any(|right| {
                    right.resource == *resource
                        && right.verb == *verb
                        && rule.api_groups.contains(&right.group)
                        && right.name == name
                });
                assert!(used, "nothing needs {verb} {resource} {name:?}");
            }
        }
    }
}
