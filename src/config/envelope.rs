//! What stands around `spec`: version, name, namespace, and keys that belong into `spec`. A key that
//! nobody reads must never look like an empty configuration.

use super::{API_VERSION, NAME, NAMESPACE};
use crate::diagnostic::{Code, Diagnostic, redacted_text};
use crate::yaml::{Content, Entry, Node, Path};

/// The keys of a ClusterConfiguration.
const KEYS: &[&str] = &["apiVersion", "kind", "metadata", "spec", "status"];

/// The keys of `metadata`, as Kubernetes defines them (`ObjectMeta`).
const METADATA: &[&str] = &[
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Checks the envelope of a ClusterConfiguration.
pub(super) fn check(document: &Node, found: &mut Vec<Diagnostic>) {
    version(document, found);
    for entry in document.entries().iter().filter(|e| !KEYS.contains(&e.key.as_str())) {
        let meant = KEYS.iter().find(|key| {
            strsim::damerau_levenshtein(key, &entry.key) <= 1 && document.entry(key).is_none()
        });
        let key = redacted_text(&entry.key);
        let diagnostic = match meant {
            Some(meant) => Diagnostic::error(Code::UnknownField, format!("unknown field `{key}`"))
                .label(format!("help: did you mean `{meant}`?")),
            None => Diagnostic::error(Code::MisplacedField, format!("`{key}` is outside `spec`"))
                .help(format!("indent `{key}` under `spec:`")),
        };
        found.push(diagnostic.at(entry.key_span));
    }
    metadata(document, found);
    nested_specs(document, found);
}

/// Checks the envelope of KubeKey's Cluster. KubeKey ignores what stands elsewhere.
pub(super) fn check_kubekey(document: &Node, found: &mut Vec<Diagnostic>) {
    const READ: &[&str] = &["hosts", "roleGroups", "kubernetes", "registry", "etcd"];
    for entry in document.entries().iter().filter(|e| READ.contains(&e.key.as_str())) {
        let message = format!("`{}` is outside `spec`", entry.key);
        found.push(
            Diagnostic::error(Code::MisplacedField, message)
                .at(entry.key_span)
                .help(format!("indent `{}` under `spec:`", entry.key)),
        );
    }
    nested_specs(document, found);
}

/// Takes `spec` out of a document: an empty one where there is none, `None` where it is no mapping.
pub(super) fn take_spec(document: &mut Node, found: &mut Vec<Diagnostic>) -> Option<Node> {
    let Some(Entry { key_span, value: mut spec, .. }) =
        document.remove("spec").filter(|e| !e.value.is_null())
    else {
        return Some(Node { span: document.span, ..Node::empty_map() });
    };
    if matches!(spec.content, Content::Map(_)) {
        // Reported as nested, not as an unknown key again.
        if spec.get("spec").is_some_and(is_map) {
            spec.remove("spec");
        }
        return Some(spec);
    }
    let wrong = Diagnostic::error(Code::WrongType, "`spec` must be a mapping");
    let wrong = match &spec.content {
        Content::List(_) => wrong.help("remove the `- ` before the keys of `spec`"),
        _ if spec.as_str().is_some_and(|text| text.contains(':')) => {
            wrong.help("remove the `|`, `>` or quotes after `spec:`, so that its text becomes keys")
        }
        _ => wrong.help("put each key on its own line below `spec:`, indented by two spaces"),
    };
    let block = spec.as_str().is_none_or(|text| text.contains('\n'));
    found.push(wrong.at(if block { key_span.or(spec.span) } else { spec.span }));
    None
}

fn version(document: &Node, found: &mut Vec<Diagnostic>) {
    let version = document.entry("apiVersion");
    let text = version.and_then(|e| e.value.as_str()).unwrap_or_default();
    if text == API_VERSION || document.entry("kind").is_none() {
        return;
    }
    let place = version.and_then(|e| e.value.span.or(e.key_span)).or(document.span);
    let message = if text.is_empty() {
        "the ClusterConfiguration has no `apiVersion`".to_owned()
    } else {
        format!("unknown apiVersion `{text}`")
    };
    let wrong = Diagnostic::error(Code::WrongKind, message).at(place);
    found.push(wrong.help(format!("use `apiVersion: {API_VERSION}`")));
}

fn metadata(document: &Node, found: &mut Vec<Diagnostic>) {
    metadata_keys(document, found);
    for (key, wanted) in [("name", NAME), ("namespace", NAMESPACE)] {
        let node = document.get("metadata").and_then(|m| m.get(key));
        let given = node.and_then(Node::as_str).unwrap_or(wanted);
        if given != wanted {
            let message =
                format!("the ClusterConfiguration's {key} must be `{wanted}`, not `{given}`");
            found.push(
                Diagnostic::error(Code::NotAllowed, message)
                    .at(node.and_then(|n| n.span))
                    .help(format!("KubeSphere reads only `{wanted}`")),
            );
        }
    }
}

/// Kubernetes drops unknown keys of `metadata`.
fn metadata_keys(document: &Node, found: &mut Vec<Diagnostic>) {
    let Some(metadata) = document.get("metadata").filter(|m| !m.is_null()) else { return };
    if !is_map(metadata) {
        let wrong = Diagnostic::error(Code::WrongType, "`metadata` must be a mapping");
        return found.push(wrong.at(metadata.span));
    }
    let unknown = |entry: &&Entry| {
        !METADATA.contains(&entry.key.as_str()) && entry.key != "spec" && !entry.value.is_null()
    };
    for entry in metadata.entries().iter().filter(unknown) {
        let key = &redacted_text(&entry.key);
        let diagnostic = match METADATA.iter().find(|m| strsim::damerau_levenshtein(m, key) <= 1) {
            Some(meant) => {
                Diagnostic::error(Code::UnknownField, format!("unknown field `metadata.{key}`"))
                    .label(format!("help: did you mean `{meant}`?"))
            }
            None => Diagnostic::error(
                Code::MisplacedField,
                format!("`{key}` is not a key of `metadata`"),
            )
            .help(format!("indent `{key}` under `spec:`, or remove it")),
        };
        found.push(diagnostic.at(entry.key_span));
    }
}

/// A `spec` anywhere but at the top: everything below it would be ignored.
fn nested_specs(document: &Node, found: &mut Vec<Diagnostic>) {
    let mut nested = Vec::new();
    for entry in document.entries() {
        let at = Path::keys(&entry.key);
        // Free-form values in `spec` may have a key of this name.
        if entry.key == "spec" {
            let within = entry.value.entry("spec").filter(|spec| is_map(&spec.value));
            nested.extend(within.map(|spec| (at, spec)));
            continue;
        }
        entry.value.each(&at, &mut |path, node| {
            // A label or an annotation may be called so.
            let spec = node.entry("spec").filter(|spec| match spec.value.content {
                Content::Scalar(_) => *path == Path::keys("metadata") && !spec.value.is_null(),
                _ => true,
            });
            nested.extend(spec.map(|spec| (path.clone(), spec)));
        });
    }
    let another = document.get("spec").is_some_and(|spec| !spec.is_null());
    for (parent, entry) in nested {
        let misplaced =
            Diagnostic::error(Code::MisplacedField, format!("`spec` is under `{parent}`"))
                .at(entry.key_span)
                .label("help: it belongs to the top level of the document");
        found.push(misplaced.help(match another {
            _ if parent == Path::keys("spec") => {
                "remove this line, and move the lines below it to the left"
            }
            true => "there is another `spec` at the top level: merge the two",
            false => "move it and the lines below it to the left, to the column of `kind:`",
        }));
    }
}

fn is_map(node: &Node) -> bool {
    matches!(node.content, Content::Map(_))
}
