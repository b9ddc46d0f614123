//! Migrates old formats of the configuration. The user's object is never rewritten: keys are moved in
//! the parsed tree, where every node keeps its place, so that a later error still points at the line
//! that the user wrote.

mod rewrite;
mod table;
mod variables;

use serde_json::Value;

pub use self::rewrite::{Rewritten, rewrite};
use self::table::{RULES, Rule, To};
use super::overlay::put;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::yaml::{Content, Entry, Node, Path, Step};

/// One old key and its new path.
#[derive(Debug, Clone, PartialEq)]
struct Move {
    /// The path in the text.
    from: Path,
    /// The new path; `None` if the key is obsolete.
    to: Option<Path>,
    /// The migrated value.
    value: Node,
    /// A switch that is set with it.
    switch: Option<Path>,
}

/// Migrates every old key in the specification.
pub(super) fn migrate(spec: &mut Node, found: &mut Vec<Diagnostic>) {
    misindented(spec, found);
    while let Some((_, diagnostic)) = next(spec) {
        found.push(diagnostic);
    }
}

/// Applies the first migration that matches. If it fails, its diagnostic is an error, and the old key is
/// removed all the same, so that the next call continues after it.
fn next(spec: &mut Node) -> Option<(Option<Move>, Diagnostic)> {
    if let Some(applied) = RULES.iter().find_map(|rule| apply(spec, rule)) {
        return Some(applied);
    }
    while let Some(rule) = variables::rule(spec) {
        // Without a value it is only removed.
        let applied = apply(spec, &rule);
        if applied.is_some() {
            return applied;
        }
    }
    None
}

fn apply(spec: &mut Node, rule: &Rule) -> Option<(Option<Move>, Diagnostic)> {
    let from = Path::keys(rule.from);
    let entry = spec.entry_at(&from).filter(|e| (rule.when)(&e.value))?.clone();
    take(spec, &from.0);
    // The old default of a text is "not set", too.
    let is_set = |to| spec.at(&Path::keys(to)).is_some_and(|new| !new.is_null());
    let empty = entry.value.as_str() == Some("") && matches!(rule.to, To::Path(to) if is_set(to));
    if entry.value.is_null() || empty {
        return apply(spec, rule);
    }
    let (key_span, value) = (entry.key_span, entry.value);
    match rule.to {
        To::Nothing(why) => {
            let diagnostic =
                Diagnostic::warning(Code::Obsolete, format!("`{from}` no longer has an effect"))
                    .at(key_span)
                    .about(rule.from)
                    .help(why);
            Some((Some(Move { from, to: None, value, switch: None }), diagnostic))
        }
        To::NoSwitch(why) => {
            let above = Path(from.0[..from.0.len() - 1].to_vec());
            let message = format!("`{from}` has no effect: `{above}` has no switch");
            let diagnostic = Diagnostic::warning(Code::Obsolete, message).at(key_span).help(why);
            let diagnostic = diagnostic.about(rule.from);
            Some((Some(Move { from, to: None, value, switch: None }), diagnostic))
        }
        To::Guide(to) if spec.at(&Path::keys(to)).is_some_and(|n| !n.is_null()) => {
            let message = format!("`{from}` has no effect because `{to}` is set");
            let diagnostic = Diagnostic::warning(Code::Obsolete, message).at(key_span);
            let diagnostic = diagnostic.about(rule.from);
            let diagnostic = diagnostic.help("remove it: ks-installer never read it");
            Some((Some(Move { from, to: None, value, switch: None }), diagnostic))
        }
        To::Path(to) | To::Guide(to) => {
            let (moved, diagnostic) = relocate(spec, from, Path::keys(to), key_span, value);
            Some((moved, diagnostic.about(rule.from)))
        }
        To::EdgeRuntime => {
            let (moved, diagnostic) = edge_runtime(spec, from, key_span, value);
            Some((moved, diagnostic.about(rule.from)))
        }
        To::Role if !matches!(value.content, Content::Scalar(Value::Bool(_))) => {
            let message = format!("`{from}` must be true or false");
            let wrong = Diagnostic::error(Code::WrongType, message).at(value.span.or(key_span));
            Some((
                None,
                wrong.help("or use its replacement: `clusterRole: host`, `member` or `none`"),
            ))
        }
        To::Role => {
            let value = role(&value);
            let read_as = value.as_str().unwrap_or_default().to_owned();
            let to = Path::keys("multicluster.clusterRole");
            // "Not a host" adds nothing to a role that is set.
            let given = spec.at(&to).and_then(Node::as_str);
            if read_as == "none" && matches!(given, Some("member" | "none")) {
                let message = format!("`{from}` has no effect because `{to}` is set");
                let diagnostic = Diagnostic::warning(Code::Obsolete, message).at(key_span);
                return Some((Some(Move { from, to: None, value, switch: None }), diagnostic));
            }
            let (moved, diagnostic) = relocate(spec, from, to, key_span, value);
            let diagnostic = diagnostic.label(format!("read as `clusterRole: {read_as}`"));
            let help = "a member needs `clusterRole: member` and the host's jwtSecret";
            Some((moved, diagnostic.about(rule.from).help(help)))
        }
    }
}

/// `kubeedge` of 3.1 and 3.2. ks-installer 3.3 reads its switch as that of `edgeruntime`, too.
fn edge_runtime(
    spec: &mut Node,
    from: Path,
    key_span: Option<Span>,
    value: Node,
) -> (Option<Move>, Diagnostic) {
    let to = Path::keys("edgeruntime.enabled");
    let on = |node: &&Node| node.to_json() == Value::Bool(true);
    let switch = value.get("enabled").filter(on).cloned();
    let given = spec.at(&to).filter(|n| !n.is_null());
    if let Some(switch) = &switch
        && let Some(given) = given
        && given.to_json() != switch.to_json()
    {
        let message = format!("`{from}.enabled` and `{to}` have different values");
        let diagnostic = Diagnostic::error(Code::MigrationConflict, message).at(key_span);
        return (None, diagnostic.help(format!("`{from}` was replaced by `edgeruntime.kubeedge`, which needs `{to}`: remove one of them")));
    }
    let missing = given.is_none();
    let (moved, diagnostic) =
        relocate(spec, from, Path::keys("edgeruntime.kubeedge"), key_span, value);
    let Some(switch) = switch.filter(|_| missing) else { return (moved, diagnostic) };
    let moved = moved.map(|moved| {
        put(spec, &to.0, switch.span, switch);
        Move { switch: Some(to.clone()), ..moved }
    });
    (moved, diagnostic.label(format!("sets `{to}`, too")))
}

/// Moves a value to its new path, unless that has a different value.
fn relocate(
    spec: &mut Node,
    from: Path,
    to: Path,
    key_span: Option<Span>,
    value: Node,
) -> (Option<Move>, Diagnostic) {
    let present = spec.at(&to).filter(|n| !n.is_null());
    if let Some(conflict) = present.and_then(|p| conflict(p, &value, &to)) {
        let diagnostic = Diagnostic::error(
            Code::MigrationConflict,
            format!("`{from}` and `{conflict}` have different values"),
        )
        .at(key_span)
        .help(format!("`{from}` was replaced by `{to}`: remove one of them"));
        return (None, diagnostic);
    }
    let merged = match present {
        Some(present) => {
            let mut merged = value.clone();
            super::overlay::overlay(&mut merged, present.clone());
            merged
        }
        None => value.clone(),
    };
    put(spec, &to.0, key_span, merged);
    let diagnostic =
        Diagnostic::warning(Code::Migrated, format!("`{from}` is deprecated: use `{to}`"))
            .at(key_span);
    (Some(Move { from, to: Some(to), value, switch: None }), diagnostic)
}

/// The first path at which two values differ; mappings may complement each other.
fn conflict(present: &Node, old: &Node, at: &Path) -> Option<Path> {
    match (&present.content, &old.content) {
        (Content::Map(_), Content::Map(entries)) => entries
            .iter()
            .find_map(|e| present.get(&e.key).and_then(|p| conflict(p, &e.value, &at.key(&e.key)))),
        _ => (present.to_json() != old.to_json()).then(|| at.clone()),
    }
}

/// Removes a path, and every mapping on the way that becomes empty.
fn take(node: &mut Node, path: &[Step]) {
    let Some((Step::Key(key), rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        node.remove(key);
    } else if let Some(child) = node.get_mut(key) {
        take(child, rest);
        if child.entries().is_empty() {
            node.remove(key);
        }
    }
}

/// Keys of `multicluster` at the same level as an empty `multicluster:`, as in the 3.0-alpha guide.
fn misindented(spec: &mut Node, found: &mut Vec<Diagnostic>) -> Vec<Move> {
    const KEYS: &[&str] = &["enabled", "clusterRole", "proxyPublishAddress", "hostClusterName"];
    if !spec.get("multicluster").is_some_and(Node::is_null) {
        return Vec::new();
    }
    let entries: Vec<Entry> = KEYS.iter().filter_map(|key| spec.remove(key)).collect();
    entries.into_iter().map(|entry| indent(spec, entry, found)).collect()
}

fn indent(spec: &mut Node, entry: Entry, found: &mut Vec<Diagnostic>) -> Move {
    let Entry { key, key_span, value } = entry;
    let (to, value, read_as) = if key == "enabled" {
        let value = role(&value);
        let read_as = format!("multicluster.clusterRole: {}", value.as_str().unwrap_or_default());
        (Path::keys("multicluster.clusterRole"), value, read_as)
    } else {
        let to = Path::keys("multicluster").key(&key);
        let read_as = to.to_string();
        (to, value, read_as)
    };
    put(spec, &to.0, key_span, value.clone());
    let message =
        format!("`{key}` is at the same level as `multicluster:` and is read as `{read_as}`");
    found.push(
        Diagnostic::warning(Code::MisindentedRole, message)
            .at(key_span)
            .help("indent the keys of `multicluster` by two more spaces to put them under it"),
    );
    Move { from: Path::default().key(&key), to: Some(to), value, switch: None }
}

/// The role that the switch of 3.0-alpha stood for.
fn role(switch: &Node) -> Node {
    let role = if switch.to_json() == Value::Bool(true) { "host" } else { "none" };
    Node { content: Content::Scalar(Value::String(role.to_owned())), span: switch.span }
}
