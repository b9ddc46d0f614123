//! Old forms of the configuration, read as the new one. The user's object is never rewritten: the
//! moves happen in the parsed tree, where every node keeps its place, so that a later error still
//! points at the line that the user wrote.

mod table;

use serde_json::Value;

use self::table::{RULES, Rule, To};
use super::overlay::put;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::yaml::{Content, Entry, Node, Path, Step};

/// One old key that was found and where it went.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Move {
    /// The path in the text.
    pub(super) from: Path,
    /// The path that it is read as; `None` when nothing reads it any more.
    pub(super) to: Option<Path>,
    /// The value as it is read now.
    pub(super) value: Node,
}

/// Reads every old form in the specification as the new one.
pub(super) fn migrate(spec: &mut Node, found: &mut Vec<Diagnostic>) -> Vec<Move> {
    let mut moves = Vec::new();
    while let Some((step, diagnostic)) = next(spec) {
        found.push(diagnostic);
        moves.extend(step);
    }
    moves
}

/// Does the first migration that applies. A refused one is taken out too, so that the next call
/// goes on behind it; its diagnostic is an error.
fn next(spec: &mut Node) -> Option<(Option<Move>, Diagnostic)> {
    misindented(spec).or_else(|| RULES.iter().find_map(|rule| apply(spec, rule)))
}

fn apply(spec: &mut Node, rule: &Rule) -> Option<(Option<Move>, Diagnostic)> {
    let from = Path::keys(rule.from);
    let entry = spec
        .entry_at(&from)
        .filter(|e| (rule.when)(&e.value))?
        .clone();
    take(spec, &from.0);
    let (key_span, value) = (entry.key_span, entry.value);
    match rule.to {
        To::Nothing(why) => {
            let diagnostic =
                Diagnostic::warning(Code::Obsolete, format!("`{from}` has no effect any more"))
                    .at(key_span)
                    .help(why);
            Some((
                Some(Move {
                    from,
                    to: None,
                    value,
                }),
                diagnostic,
            ))
        }
        To::Path(to) => Some(relocate(spec, from, Path::keys(to), key_span, value)),
        To::Role => {
            let role = if value.to_json() == Value::Bool(true) {
                "host"
            } else {
                "none"
            };
            let content = Content::Scalar(Value::String(role.to_owned()));
            let value = Node {
                content,
                span: value.span,
            };
            let to = Path::keys("multicluster.clusterRole");
            let (moved, diagnostic) = relocate(spec, from, to, key_span, value);
            let diagnostic = diagnostic.label(format!("read as `clusterRole: {role}`"));
            Some((
                moved,
                diagnostic.help("a member needs `clusterRole: member` and the host's jwtSecret"),
            ))
        }
    }
}

/// Puts a value at its new path unless another one is there already.
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
            format!("`{from}` and `{conflict}` disagree"),
        )
        .at(key_span)
        .help(format!(
            "`{from}` is the old form of `{to}`: remove one of them"
        ));
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
    let diagnostic = Diagnostic::warning(
        Code::Migrated,
        format!("`{from}` is the old form of `{to}`"),
    )
    .at(key_span)
    .help("it is read as the new form; `ksi config migrate` rewrites the file");
    (
        Some(Move {
            from,
            to: Some(to),
            value,
        }),
        diagnostic,
    )
}

/// The first path at which two values disagree; mappings may complete each other.
fn conflict(present: &Node, old: &Node, at: &Path) -> Option<Path> {
    match (&present.content, &old.content) {
        (Content::Map(_), Content::Map(entries)) => entries.iter().find_map(|e| {
            present
                .get(&e.key)
                .and_then(|p| conflict(p, &e.value, &at.key(&e.key)))
        }),
        _ => (present.to_json() != old.to_json()).then(|| at.clone()),
    }
}

/// Takes a path out, and every mapping on the way that is empty then.
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

/// Keys of `multicluster` that stand beside an empty `multicluster:`, as in the 3.0-alpha guide.
fn misindented(spec: &mut Node) -> Option<(Option<Move>, Diagnostic)> {
    const KEYS: &[&str] = &[
        "enabled",
        "clusterRole",
        "proxyPublishAddress",
        "hostClusterName",
    ];
    let empty = spec.get("multicluster").is_none_or(Node::is_null);
    let opened = spec.entry("multicluster").is_some();
    let key = KEYS
        .iter()
        .find(|key| spec.entry(key).is_some())
        .filter(|_| empty && opened)?;
    let Entry {
        key,
        key_span,
        value,
    } = spec.remove(key)?;
    let to = Path::keys("multicluster").key(&key);
    put(spec, &to.0, key_span, value.clone());
    let from = Path::default().key(&key);
    let diagnostic = Diagnostic::warning(
        Code::MisindentedRole,
        format!("`{key}` stands beside `multicluster:` and is read as `{to}`"),
    )
    .at(key_span)
    .help(format!(
        "indent `{key}` by two more spaces to put it under `multicluster:`"
    ));
    Some((
        Some(Move {
            from,
            to: Some(to),
            value,
        }),
        diagnostic,
    ))
}
