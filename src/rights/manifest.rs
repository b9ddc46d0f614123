//! `deploy/rbac.yaml`: the account that runs ksi in a cluster, and its permissions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::own::{Occasion, own};
use super::rendered::rendered;
use super::rule::Rule;
use super::{Right, SYSTEM};
use crate::object::Object;

/// The name of everything in the file.
const NAME: &str = "ks-installer";
/// How long a line may be.
const WIDTH: usize = 120;
const HEAD: &str = "\
# The account that runs ksi in a cluster, with exactly the permissions that it uses.
# Generated: UPDATE=1 cargo test --test integration rights
# What each part is for, and why all of it amounts to cluster-admin: docs/rights.md
apiVersion: v1
kind: Namespace
metadata:
  name: kubesphere-system
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: ks-installer
  namespace: kubesphere-system
";

/// The part of a role in which a rule is listed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Read,
    Post,
    Named,
    Grant,
}

impl Part {
    fn comment(self) -> &'static str {
        match self {
            Self::Read => "Read objects and their status.",
            Self::Post => {
                "Create objects, and write those with a number in their name: RBAC cannot restrict this by name."
            }
            Self::Named => {
                "Create, change and delete the objects of KubeSphere and ksi, each by name."
            }
            Self::Grant => {
                "Create, change and bind the roles of KubeSphere, which grant more than this account has."
            }
        }
    }

    fn of(rule: &Rule) -> Self {
        let has = |verb: &str| rule.verbs.iter().any(|known| known == verb);
        if has("bind") || has("escalate") {
            Self::Grant
        } else if !rule.resource_names.is_empty() {
            Self::Named
        } else if rule.verbs.iter().all(|verb| is_read(verb)) {
            Self::Read
        } else {
            Self::Post
        }
    }
}

fn is_read(verb: &str) -> bool {
    ["get", "list", "watch"].contains(&verb)
}

/// The file, for everything that ksi can render.
pub fn manifest(objects: &[Object]) -> String {
    let mut rights = rendered(objects, objects);
    rights.extend(own(&[Occasion::Run, Occasion::Diagnosis, Occasion::Look]));
    // Other namespaces do not exist yet when this file is applied, so no role can be in them.
    let (here, everywhere): (BTreeSet<_>, BTreeSet<_>) =
        rights.into_iter().partition(|right| right.namespace.as_deref() == Some(SYSTEM));
    let everywhere = rules(everywhere);
    let here = here.into_iter().filter(|right| !everywhere.iter().any(|rule| rule.allows(right)));
    let here = rules(here.collect());
    let mut text = HEAD.to_owned();
    role(&mut text, "ClusterRole", &everywhere);
    role(&mut text, "Role", &here);
    text
}

/// The smallest equivalent set of rules.
fn rules(rights: BTreeSet<Right>) -> Vec<Rule> {
    type Resource = (String, String);
    let mut verbs: BTreeMap<(Resource, Option<String>), BTreeSet<String>> = BTreeMap::new();
    for Right { group, resource, verb, name, .. } in rights {
        verbs.entry(((group, resource), name)).or_default().insert(verb);
    }
    // A verb on all objects need not be repeated for one.
    let wide = verbs.clone();
    for ((resource, name), some) in &mut verbs {
        if let Some(all) = wide.get(&(resource.clone(), None)).filter(|_| name.is_some()) {
            some.retain(|verb| !all.contains(verb));
        }
    }
    // Objects of one kind with the same verbs, then kinds of one group with the same verbs.
    let mut named: BTreeMap<(Resource, Vec<String>), Vec<String>> = BTreeMap::new();
    let mut plain: BTreeMap<(String, Vec<String>), Vec<String>> = BTreeMap::new();
    for (((group, resource), name), some) in verbs {
        if some.is_empty() {
            continue;
        }
        let Some(name) = name else {
            let (reads, others): (Vec<_>, Vec<_>) = some.into_iter().partition(|v| is_read(v));
            for verbs in [reads, others].into_iter().filter(|verbs| !verbs.is_empty()) {
                plain.entry((group.clone(), verbs)).or_default().push(resource.clone());
            }
            continue;
        };
        named.entry(((group, resource), some.into_iter().collect())).or_default().push(name);
    }
    let plain = plain.into_iter().map(|((group, verbs), resources)| Rule {
        api_groups: vec![group],
        resources,
        resource_names: Vec::new(),
        verbs,
    });
    let named = named.into_iter().map(|(((group, resource), verbs), names)| Rule {
        api_groups: vec![group],
        resources: vec![resource],
        resource_names: names,
        verbs,
    });
    let mut rules: Vec<Rule> = plain.chain(named).collect();
    rules.sort_by_cached_key(|rule| (Part::of(rule), rule.clone()));
    rules
}

/// A role and its binding.
fn role(text: &mut String, kind: &str, rules: &[Rule]) {
    let place = if kind == "Role" { format!("\n  namespace: {SYSTEM}") } else { String::new() };
    let _ = write!(
        text,
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {NAME}{place}\nrules:\n"
    );
    let mut last = None;
    for rule in rules {
        let part = Part::of(rule);
        if last != Some(part) {
            let _ = writeln!(text, "  # {}", part.comment());
            last = Some(part);
        }
        let _ = writeln!(text, "  - apiGroups: {}", flow(&rule.api_groups));
        let _ = writeln!(text, "    resources: {}", flow(&rule.resources));
        if !rule.resource_names.is_empty() {
            let _ = writeln!(text, "    resourceNames: {}", flow(&rule.resource_names));
        }
        let _ = writeln!(text, "    verbs: {}", flow(&rule.verbs));
    }
    let _ = write!(
        text,
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Binding\nmetadata:\n  name: {NAME}{place}\n\
         roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {NAME}\n\
         subjects:\n  - kind: ServiceAccount\n    name: {NAME}\n    namespace: {SYSTEM}\n"
    );
}

/// A list on one line, or on several if it is long.
fn flow(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| word(item)).collect();
    let line = format!("[{}]", items.join(", "));
    if line.len() < WIDTH - 20 {
        return line;
    }
    let mut text = "[".to_owned();
    let mut width = WIDTH;
    for item in &items {
        if width + item.len() + 2 > WIDTH {
            text.push_str("\n      ");
            width = 6;
        } else {
            text.push(' ');
            width += 1;
        }
        text.push_str(item);
        text.push(',');
        width += item.len() + 1;
    }
    text.push_str("\n    ]");
    text
}

/// Unquoted if every YAML parser reads it as a string.
fn word(text: &str) -> String {
    const MEANINGS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-/".contains(c));
    if plain && !MEANINGS.contains(&text) { text.to_owned() } else { format!("{text:?}") }
}
