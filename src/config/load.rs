//! Loads the inputs into one specification: parse, choose the documents, migrate, overlay, `--set`.

use std::collections::BTreeSet;
use std::fmt;

use aho_corasick::AhoCorasick;
use serde_json::Value;

use super::kubekey::KubeKey;
use super::migrate;
use super::overlay;
use super::text::{self, Input};
use super::{document, envelope, shape, status};
use crate::diagnostic::{self, Diagnostic, Severity, SourceId, Sources, Span, is_only_template};
use crate::yaml::{Content, Node, Path, Step};

/// The sources of a configuration.
#[derive(Clone, Default)]
pub struct Request {
    /// The inputs, in the order given: later wins per key.
    pub inputs: Vec<Input>,
    /// `path=value` flags, on top of all inputs.
    pub sets: Vec<String>,
}

/// A loaded configuration: one specification in the current format, each value with its place.
#[derive(Clone)]
pub struct Loaded {
    /// The texts, for showing places.
    pub sources: Sources,
    /// The specification; `None` when no input has one.
    pub spec: Option<Node>,
    /// The diagnostics so far.
    pub diagnostics: Vec<Diagnostic>,
    /// What the KubeKey document says about the cluster.
    pub kubekey: Option<KubeKey>,
    /// The metadata of the last ClusterConfiguration.
    metadata: Option<Node>,
    /// The secret texts in the specification.
    secrets: Option<AhoCorasick>,
    /// An input without a ClusterConfiguration that may stand beside one, and what it has instead.
    beside: Option<(SourceId, &'static str)>,
    /// Whether an input had a status.
    has_status: bool,
}

/// Without values, which may be secret.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("inputs", &self.inputs).finish_non_exhaustive()
    }
}

/// Without values, which may be secret.
impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").field("sources", &self.sources).finish_non_exhaustive()
    }
}

/// Reads all inputs. Never fails: problems are among the diagnostics.
pub fn load(request: Request) -> Loaded {
    let mut loaded = Loaded {
        sources: Sources::default(),
        spec: None,
        diagnostics: Vec::new(),
        kubekey: None,
        metadata: None,
        secrets: None,
        beside: None,
        has_status: false,
    };
    for input in request.inputs {
        loaded.read(input);
    }
    if let (None, false, Some((id, what))) = (&loaded.spec, loaded.has_errors(), loaded.beside) {
        let message = format!("the input has {what} but no ClusterConfiguration");
        loaded.diagnostics.push(document::no_configuration(id, &message));
    }
    if let (Some(spec), Some(kubekey)) = (&mut loaded.spec, &loaded.kubekey) {
        kubekey.complete(spec, &mut loaded.diagnostics);
    }
    for flag in &request.sets {
        loaded.set(flag);
    }
    if let Some(spec) = &mut loaded.spec {
        drop_nulls(spec, Some(shape::spec()));
        loaded.secrets = hide_secrets(spec, &mut loaded.sources);
    }
    loaded
}

impl Loaded {
    fn read(&mut self, input: Input) {
        let id = match text::decode(input, &mut self.sources) {
            Ok(id) => id,
            Err(diagnostic) => return self.diagnostics.push(diagnostic),
        };
        let documents = document::read(&self.sources, id, &mut self.diagnostics);
        if let Some(mut cluster) = documents.cluster {
            envelope::check_kubekey(&cluster, &mut self.diagnostics);
            let spec = envelope::take_spec(&mut cluster, &mut self.diagnostics);
            self.kubekey = Some(KubeKey::read(&spec.unwrap_or_else(Node::empty_map)));
            self.beside = Some((id, "a KubeKey Cluster"));
        }
        if !documents.installer.is_empty() {
            self.beside = self.beside.or(Some((id, "the manifests of ks-installer")));
        }
        let Some(mut document) = documents.configuration else {
            return;
        };
        envelope::check(&document, &mut self.diagnostics);
        let Some(mut spec) = envelope::take_spec(&mut document, &mut self.diagnostics) else {
            return;
        };
        migrate::migrate(&mut spec, &mut self.diagnostics);
        if let Some(status) = document.get("status") {
            self.has_status = true;
            status::complete(&mut spec, status, &mut self.diagnostics);
        }
        self.metadata = document.remove("metadata").map(|e| e.value).or(self.metadata.take());
        match &mut self.spec {
            Some(base) => {
                // What is empty was not given, so it does not override.
                drop_nulls(&mut spec, Some(shape::spec()));
                overlay::overlay(base, spec);
            }
            None => self.spec = Some(spec),
        }
    }

    /// A diagnostic with all secrets hidden: an anchor or a copy may have put one under a key that is not
    /// secret.
    #[must_use]
    pub fn redacted(&self, diagnostic: Diagnostic) -> Diagnostic {
        let hide = |text: String| {
            let Some(secrets) = &self.secrets else { return text };
            let places = secrets.find_overlapping_iter(&text).map(|place| place.range());
            diagnostic::replaced(&text, places.collect(), "(hidden)")
        };
        Diagnostic {
            message: hide(diagnostic.message),
            label: diagnostic.label.map(|label| hide(label.into()).into()),
            help: diagnostic.help.into_iter().map(hide).collect(),
            ..diagnostic
        }
    }

    fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }

    fn set(&mut self, flag: &str) {
        let spec = self.spec.get_or_insert_with(Node::empty_map);
        let set = overlay::set(spec, flag, &mut self.sources, shape::spec());
        if let Err(diagnostic) = set {
            self.diagnostics.push(diagnostic);
        }
        // An old path may be set, too.
        migrate::migrate(spec, &mut self.diagnostics);
    }

    /// Takes from the status of the cluster's ClusterConfiguration what the inputs do not say, unless they
    /// had a status of their own.
    pub fn complete_from_status(&mut self, status: &Value) {
        if let (Some(spec), false) = (&mut self.spec, self.has_status) {
            let status = Node::from_json(status.clone());
            status::complete(spec, &status, &mut self.diagnostics);
            self.has_status = true;
        }
    }

    /// The metadata of the ClusterConfiguration.
    pub fn metadata(&self) -> Option<&Node> {
        self.metadata.as_ref()
    }

    /// The label `version` of the ClusterConfiguration and its place.
    pub fn version_label(&self) -> Option<(&str, Option<Span>)> {
        let label = self.metadata.as_ref()?.at(&Path::keys("labels.version"))?;
        Some((label.as_str()?, label.span))
    }

    /// Where the KubeKey document names the Kubernetes version.
    pub fn kubernetes_version_span(&self) -> Option<Span> {
        self.kubekey.as_ref().and_then(|k| k.kubernetes_span)
    }

    /// Source name, line and column of a span.
    pub fn place(&self, span: Span) -> String {
        self.sources.place(span)
    }
}

/// A null value counts as not set, as in kubectl and serde. In free-form mappings null may have a
/// meaning and stays; an unknown key stays to be reported.
fn drop_nulls(node: &mut Node, schema: Option<&Value>) {
    if schema.is_some_and(shape::is_free_form) {
        return;
    }
    let below = |step: &Step| schema.and_then(|schema| shape::step(schema, step));
    match &mut node.content {
        Content::Map(entries) => {
            let is_unknown =
                |key: &String| schema.is_some() && below(&Step::Key(key.clone())).is_none();
            entries.retain(|e| !e.value.is_null() || is_unknown(&e.key));
            for entry in entries {
                drop_nulls(&mut entry.value, below(&Step::Key(entry.key.clone())));
            }
        }
        Content::List(items) => {
            let schema = below(&Step::Index(0));
            for item in items {
                drop_nulls(item, schema);
            }
        }
        Content::Scalar(_) => {}
    }
}

/// Marks the secrets in the sources, so that no snippet shows one.
fn hide_secrets(spec: &Node, sources: &mut Sources) -> Option<AhoCorasick> {
    let mut secrets = BTreeSet::new();
    spec.each(&Path::default(), &mut |path, node| {
        let shows = matches!(node.content, Content::Scalar(Value::String(_) | Value::Number(_)));
        // A template that was not rendered is no secret, but a mistake to be shown.
        let template = node.as_str().is_some_and(is_only_template);
        if !shows || template || !super::is_sensitive(path) {
            return;
        }
        if let Some(span) = node.span {
            sources.hide(span);
        }
        // Shorter ones are words that may occur anywhere, such as `admin`.
        if let Some(secret) = node.as_str().filter(|text| text.len() >= 8) {
            secrets.insert(secret.to_owned());
        }
    });
    let secrets = AhoCorasick::new(secrets).ok()?;
    sources.hide_texts(&secrets);
    Some(secrets)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::API_VERSION;

    fn spec_of(specs: &[&str]) -> Value {
        let inputs = specs.iter().map(|spec| Input {
            name: "test.yaml".into(),
            bytes: format!("apiVersion: {API_VERSION}\nkind: ClusterConfiguration\nspec:\n{spec}")
                .into(),
        });
        let loaded = load(Request { inputs: inputs.collect(), sets: Vec::new() });
        loaded.spec.unwrap().to_json()
    }

    #[test]
    fn what_is_empty_in_a_later_file_does_not_override() {
        let first = "  multicluster: {clusterRole: host, hostClusterName: hq}\n  authentication: {jwtSecret: a}\n";
        let expected = json!({
            "multicluster": {"clusterRole": "host", "hostClusterName": "hq"},
            "authentication": {"jwtSecret": "a"},
        });
        for empty in [
            "  multicluster:\n",
            "  multicluster: {clusterRole: }\n",
            "  authentication: {jwtSecret: null}\n",
        ] {
            assert_eq!(spec_of(&[first, empty]), expected, "{empty}");
        }
        let second = "  multicluster: {clusterRole: member}\n";
        assert_eq!(spec_of(&[first, second])["multicluster"]["clusterRole"], "member");
    }
}
