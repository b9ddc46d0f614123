//! Semantic rules: one rule is one function with one code. To add one, write the function, add it to
//! [`RULES`], document its code in `docs/errors` and add a fixture.

mod cluster;
mod components;
mod form;
mod jwt_secret;
mod password;
mod ports;
mod search;

use serde_json::Value;

use super::Options;
use crate::config::{self, Loaded, Role};
use crate::diagnostic::{Diagnostic, Span};
use crate::facts::Facts;
use crate::yaml::{Content, Node, Path};

/// The input of a rule.
pub(super) struct Context<'a> {
    /// The specification as given, invalid values included: to tell whether a key is set.
    pub(super) given: &'a Node,
    /// The specification without values of the wrong shape.
    pub(super) sound: &'a Node,
    /// The schema, for defaults.
    pub(super) schema: &'a Value,
    /// What is known about the cluster.
    pub(super) facts: &'a Facts,
    /// The documents around the specification.
    pub(super) loaded: &'a Loaded,
    /// How strict to be.
    pub(super) options: Options,
}

type Rule = fn(&Context<'_>) -> Vec<Diagnostic>;

const RULES: &[Rule] = &[
    form::control_characters,
    form::unrendered,
    form::durations,
    form::quantities,
    form::resource_bounds,
    form::names,
    form::labels,
    form::images,
    form::zone,
    form::address_ranges,
    form::endpoints,
    jwt_secret::of_member,
    jwt_secret::meant,
    jwt_secret::length,
    jwt_secret::source,
    cluster::proxy_address,
    cluster::proxy_address_plain,
    cluster::member_token_age,
    cluster::keys_without_effect,
    cluster::kubernetes_version,
    cluster::kubesphere_version,
    password::rules,
    password::well_known,
    ports::range,
    ports::service_type,
    ports::node_ports,
    ports::twice,
    search::external,
    search::two_externals,
    search::even_masters,
    components::unmanaged,
    components::edge_address,
    components::switches,
    components::redis_replicas,
];

/// Runs every rule.
pub(super) fn check(context: &Context<'_>) -> impl Iterator<Item = Diagnostic> {
    RULES.iter().flat_map(|rule| rule(context))
}

impl Context<'_> {
    /// The value at a dotted path, if it is set and has the right shape.
    fn value(&self, path: &str) -> Option<&Node> {
        self.sound.at(&Path::keys(path)).filter(|n| !n.is_null())
    }

    /// A string that is set and not empty.
    fn text(&self, path: &str) -> Option<&str> {
        self.value(path).and_then(Node::as_str).filter(|t| !t.is_empty())
    }

    /// A switch, its default included.
    fn flag(&self, path: &str) -> bool {
        match self.value(path).map(|n| &n.content) {
            Some(Content::Scalar(Value::Bool(on))) => *on,
            _ => config::subschema(self.schema, &Path::keys(path))["default"] == true,
        }
    }

    /// Whether a path is set, with a valid value or not.
    fn is_given(&self, path: &str) -> bool {
        self.given.at(&Path::keys(path)).is_some_and(|n| !n.is_null() && n.as_str() != Some(""))
    }

    /// The place of a value; if it is not set, that of the nearest key above it.
    fn place(&self, path: &str) -> Option<Span> {
        let path = Path::keys(path);
        let entry = self.given.entry_at(&path);
        if let Some(span) = entry.and_then(|e| e.value.span.or(e.key_span)) {
            return Some(span);
        }
        (1..path.0.len()).rev().find_map(|depth| {
            self.given.entry_at(&Path(path.0[..depth].to_vec())).and_then(|e| e.key_span)
        })
    }

    /// The place of a key.
    fn key_place(&self, path: &str) -> Option<Span> {
        self.given.entry_at(&Path::keys(path)).and_then(|e| e.key_span)
    }

    /// The cluster's role; `None` if the given value is invalid, so that no rule draws conclusions from it.
    fn role(&self) -> Option<Role> {
        match self.text("multicluster.clusterRole") {
            Some("host") => Some(Role::Host),
            Some("member") => Some(Role::Member),
            Some("none") => Some(Role::None),
            _ => (!self.is_given("multicluster.clusterRole")).then_some(Role::None),
        }
    }

    /// Every string with its path, in the order of the text.
    fn texts(&self) -> Vec<(Path, &str, Option<Span>)> {
        let mut texts = Vec::new();
        self.sound.each(&Path::default(), &mut |path, node| {
            texts.extend(node.as_str().map(|text| (path.clone(), text, node.span)));
        });
        texts
    }
}
