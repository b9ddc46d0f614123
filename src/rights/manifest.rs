//! `deploy/rbac.yaml`: the account that runs ksi in a cluster, and what it may do.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::own::{Occasion, own};
use super::rendered::rendered;
use super::rule::Rule;
use super::{Right, SYSTEM};
use crate::object::{Object, kubesphere};

/// The name of everything in the file.
const NAME: &str = kubesphere::INSTALLER;
/// How long a line may be.
const WIDTH: usize = 120;
const HEAD: &str = "\
# The account that runs ksi in a cluster, with every right that it uses and no other.
# Written from what ksi renders and does: UPDATE=1 cargo test --test integration rights
# What each part is for, and why all of it equals cluster-admin: docs/rights.md
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

/// Where a rule stands: in the role of the cluster or in that of our own namespace.
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
            Self::Read => "What is there, and how it is.",
            Self::Post => {
                "What is sent by POST or has a number in its name: a rule cannot say which objects."
            }
            Self::Named => "Objects of ours, each by its name: made, changed, removed.",
            Self::Grant => {
                "KubeSphere's own roles, which hold more than this account: made, changed and bound."
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

/// The file, from everything that ksi can render.
pub fn manifest(objects: &[Object]) -> String {
    let mut rights = rendered(objects, objects);
    rights.extend(own(&[Occasion::Run, Occasion::Diagnosis, Occasion::Look]));
    // Other namespaces are not there yet when this file is applied, so no role can be in them.
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

/// As few rules as say the same.
fn rules(rights: BTreeSet<Right>) -> Vec<Rule> {
    type Resource = (String, String);
    let mut verbs: BTreeMap<(Resource, Option<String>), BTreeSet<String>> = BTreeMap::new();
    for Right { group, resource, verb, name, .. } in rights {
        verbs.entry(((group, resource), name)).or_default().insert(verb);
    }
    // What may be done with all objects need not be said of one.
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

/// A list on one line, or on several where it is long.
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

/// Plain where every YAML reader takes it for text.
fn word(text: &str) -> String {
    const MEANINGS: &[&str] = &["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-/".contains(c));
    if plain && !MEANINGS.contains(&text) { text.to_owned() } else { format!("{text:?}") }
}
