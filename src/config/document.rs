//! The documents of an input, sorted by kind.

use std::ops::Range;

use super::text::start_of;
use super::{API_VERSION, KIND};
use crate::diagnostic::{self, Code, Diagnostic, Severity, SourceId, Sources, Span, bare_template};
use crate::yaml::{self, Content, Node, Path};

/// The relevant documents of one input.
#[derive(Debug, Default)]
pub(super) struct Documents {
    /// The ClusterConfiguration, as a whole document.
    pub(super) configuration: Option<Node>,
    /// KubeKey's `kind: Cluster`.
    pub(super) cluster: Option<Node>,
    /// The kinds of ks-installer's own manifests, which ksi takes the place of.
    pub(super) installer: Vec<String>,
}

/// Parses one source and sorts its documents.
pub(super) fn read(sources: &Sources, id: SourceId, found: &mut Vec<Diagnostic>) -> Documents {
    let (nodes, problems) = yaml::parse(sources, id);
    let before = found.len();
    found.extend(unrendered(sources, id, problems));
    let mut documents = Documents::default();
    let mut others = Vec::new();
    let nodes = nodes.into_iter().flat_map(items_of_list);
    for node in nodes.filter(|n| !n.is_null()) {
        let configuration = match classify(&node) {
            Kind::Configuration => Some(node),
            Kind::ConfigMap => from_config_map(sources, id, &node, found),
            Kind::Cluster => {
                documents.cluster = Some(node);
                None
            }
            Kind::Installer(kind) => {
                documents.installer.push(kind);
                None
            }
            Kind::Other => {
                others.push(node);
                None
            }
        };
        let Some(configuration) = configuration else {
            continue;
        };
        match &documents.configuration {
            None => documents.configuration = Some(configuration),
            Some(first) => found.push(second_configuration(sources, first, &configuration)),
        }
    }
    let broken = found[before..].iter().any(|d| d.severity == Severity::Error);
    found.extend(skipped(sources.name(id), &documents.installer));
    report(id, &documents, &others, broken, found);
    documents
}

/// The expressions of a template that was not rendered, in place of the syntax error that comes from one.
fn unrendered(sources: &Sources, id: SourceId, problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let syntax = problems.iter().find(|problem| problem.code == Code::Syntax);
    let Some(error) = syntax.and_then(|problem| problem.span) else { return problems };
    let mut start = 0;
    let mut found = Vec::new();
    for line in sources.text(id).split_inclusive('\n') {
        if let Some(place) = bare_template(line) {
            let span = Span { source: id, start: start + place.start, end: start + place.end };
            found.push((start, diagnostic::unrendered(&line[place]).at(span)));
        }
        start += line.len();
    }
    // An expression behind the error is not its cause.
    if found.first().is_none_or(|(start, _)| *start > error.start) {
        return problems;
    }
    found.into_iter().map(|(_, diagnostic)| diagnostic).collect()
}

/// The items of a `kind: List`, as `kubectl get cc -o yaml` prints them; any other document itself.
fn items_of_list(mut node: Node) -> Vec<Node> {
    if node.get("kind").and_then(Node::as_str) != Some("List") {
        return vec![node];
    }
    match node.remove("items").map(|e| e.value.content) {
        Some(Content::List(items)) => items,
        _ => vec![node],
    }
}

enum Kind {
    Configuration,
    ConfigMap,
    Cluster,
    /// A manifest of ks-installer itself, by its kind.
    Installer(String),
    Other,
}

fn classify(node: &Node) -> Kind {
    let text = |key| node.get(key).and_then(Node::as_str).unwrap_or_default();
    match (text("kind"), text("apiVersion")) {
        (KIND, _) => Kind::Configuration,
        ("Cluster", version) if version.starts_with("kubekey.kubesphere.io/") => Kind::Cluster,
        ("ConfigMap", _)
            if node.at(&Path::keys("metadata.name")).and_then(Node::as_str)
                == Some(super::NAME) =>
        {
            Kind::ConfigMap
        }
        (kind, _) if is_of_installer(kind, node) => Kind::Installer(kind.to_owned()),
        _ => Kind::Other,
    }
}

/// Whether a document is one of kubesphere-installer.yaml: the CRD, the namespace, and what runs ks-installer.
fn is_of_installer(kind: &str, node: &Node) -> bool {
    let name = node.at(&Path::keys("metadata.name")).and_then(Node::as_str).unwrap_or_default();
    match kind {
        "CustomResourceDefinition" => name == "clusterconfigurations.installer.kubesphere.io",
        "Namespace" => name == super::NAMESPACE,
        "ServiceAccount" | "ClusterRole" | "ClusterRoleBinding" | "Deployment" => {
            name == super::NAME
        }
        _ => false,
    }
}

/// The line about ks-installer's own manifests in one source.
fn skipped(name: &str, kinds: &[String]) -> Option<Diagnostic> {
    let list = kinds.join(", ");
    (!kinds.is_empty()).then(|| {
        let message = format!("{name}: skipped the manifests of ks-installer itself: {list}");
        Diagnostic::warning(Code::WrongKind, message)
    })
}

/// The format of 2.x: the specification as text under `data."ks-config.yaml"`.
fn from_config_map(
    sources: &Sources,
    id: SourceId,
    map: &Node,
    found: &mut Vec<Diagnostic>,
) -> Option<Node> {
    let entry = map.get("data").and_then(|d| d.entry("ks-config.yaml"));
    let Some(entry) = entry.filter(|e| e.value.as_str().is_some()) else {
        found.push(
            Diagnostic::error(
                Code::NoConfiguration,
                "ConfigMap ks-installer has no data.\"ks-config.yaml\"",
            )
            .at(map.span)
            .help("KubeSphere 2.x has its configuration there, as text"),
        );
        return None;
    };
    let part = entry.value.span.and_then(|span| block_text(sources.text(id), span));
    let Some(part) = part else {
        found.push(
            Diagnostic::error(Code::Syntax, "`ks-config.yaml` must be a literal block (`|`)")
                .at(entry.key_span)
                .help("use `ks-config.yaml: |` with the configuration indented below it"),
        );
        return None;
    };
    let (mut nodes, problems) = yaml::parse_part(sources, id, part);
    found.extend(problems);
    if let Some(kind) = nodes.first().and_then(|n| n.entry("kind")) {
        found.push(
            Diagnostic::error(Code::WrongKind, "`ks-config.yaml` contains a whole object")
                .at(kind.key_span)
                .help("put this object into a file of its own: 2.x has only the keys of `spec` in the ConfigMap"),
        );
        return None;
    }
    found.push(
        Diagnostic::warning(
            Code::Migrated,
            "ConfigMap ks-installer of 2.x is read as a ClusterConfiguration",
        )
        .at(entry.key_span)
        .help("`ksi config migrate` rewrites it in the current format"),
    );
    let spec = if nodes.is_empty() { Node::empty_map() } else { nodes.swap_remove(0) };
    let mut document = Node::empty_map();
    document.span = map.span;
    for key in ["metadata"] {
        if let Some(entry) = map.entry(key) {
            document.insert(entry.clone());
        }
    }
    document.insert(yaml::Entry { key: "spec".to_owned(), key_span: entry.key_span, value: spec });
    Some(document)
}

/// The lines of a literal block: they parse as they stand, since all are indented alike. The span
/// of a block scalar begins at its first letter, the header (`|`) ends the line above.
fn block_text(text: &str, span: Span) -> Option<Range<usize>> {
    let start = text.get(..span.start)?.rfind('\n')? + 1;
    let header = text[..start].trim_end().rsplit([' ', ':']).next()?;
    // An indented `---` is no document marker to a YAML reader, but 2.x shipped its text with one.
    let first = text.get(start..span.end)?.lines().next()?;
    let marker = if first.trim() == "---" { first.len() + 1 } else { 0 };
    header.starts_with('|').then_some((start + marker).min(span.end)..span.end)
}

fn second_configuration(sources: &Sources, first: &Node, second: &Node) -> Diagnostic {
    let line = first.span.map_or(1, |s| sources.position(s).line);
    Diagnostic::error(Code::SeveralConfigurations, "a second ClusterConfiguration in the same file")
        .at(second.entry("kind").and_then(|e| e.key_span).or(second.span))
        .label(format!("the first begins on line {line}"))
        .help("keep one; to combine several files, give each with -f")
}

/// Reports unexpected and missing documents.
fn report(
    id: SourceId,
    documents: &Documents,
    others: &[Node],
    broken: bool,
    found: &mut Vec<Diagnostic>,
) {
    for other in others {
        let diagnostic = wrong_kind(other);
        let harmless = documents.configuration.is_some() && !looks_meant(other);
        found.push(if harmless { as_warning(diagnostic) } else { diagnostic });
    }
    // KubeKey's Cluster may be in a file of its own.
    let nothing = documents.configuration.is_none()
        && documents.cluster.is_none()
        && documents.installer.is_empty();
    if nothing && others.is_empty() && !broken {
        found.push(no_configuration(id, "the file contains no YAML document"));
    }
}

/// The input has no configuration.
pub(super) fn no_configuration(id: SourceId, message: &str) -> Diagnostic {
    Diagnostic::error(Code::NoConfiguration, message)
        .at(start_of(id))
        .help("`ksi config init` creates one to start from")
}

fn as_warning(diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..diagnostic }.help("the document is ignored")
}

fn wrong_kind(node: &Node) -> Diagnostic {
    let kind = node.entry("kind");
    match (&node.content, kind.and_then(|e| e.value.as_str())) {
        (Content::Map(_), Some(name)) => {
            let diagnostic =
                Diagnostic::error(Code::WrongKind, format!("ksi does not read kind `{name}`"))
                    .at(kind.and_then(|e| e.value.span));
            if looks_meant(node) {
                diagnostic.label(format!("help: did you mean `{KIND}`?"))
            } else {
                diagnostic.help(format!(
                    "ksi reads {KIND}, KubeKey's Cluster and the ConfigMap ks-installer"
                ))
            }
        }
        (Content::Map(_), None) => {
            let place = node.entries().first().and_then(|e| e.key_span);
            Diagnostic::error(Code::NoConfiguration, "a document without `kind`")
                .at(place.or(node.span))
                .help(format!("begin it with `apiVersion: {API_VERSION}` and `kind: {KIND}`, and put the keys under `spec:`"))
        }
        _ => Diagnostic::error(Code::WrongKind, "a document that is not a mapping").at(node.span),
    }
}

/// Whether a ClusterConfiguration with a mistyped kind was probably intended.
fn looks_meant(node: &Node) -> bool {
    let kind = node.get("kind").and_then(Node::as_str).unwrap_or_default();
    let group = node.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    strsim::damerau_levenshtein(&kind.to_lowercase(), &KIND.to_lowercase()) <= 2
        || group.starts_with("installer.kubesphere.io/")
        || (node.entry("kind").is_none() && node.entry("spec").is_some())
}
