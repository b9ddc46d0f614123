//! Rules about kinds and fields, read once from `schemas/rules.yaml`.

use std::sync::OnceLock;

use serde::Deserialize;

use super::embedded;
use super::id::ObjectId;
use super::pattern::{KindPattern, PathPattern};

const TEXT: &str = include_str!("../../schemas/rules.yaml");

/// Everything in `schemas/rules.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
    /// Kinds in the order in which their objects are created.
    pub order: Vec<KindPattern>,
    /// The kind of the order with which each stage of a component begins.
    pub stages: Stages,
    /// Kinds whose objects are deleted before all others.
    pub delete_first: Vec<KindPattern>,
    /// Kinds whose objects are deleted after all other custom resources, each list after the one before it.
    pub delete_late: Vec<Vec<KindPattern>>,
    /// Kinds whose objects are deleted when no controller runs any more, unless their CRD is deleted before.
    pub delete_without_controllers: Vec<KindPattern>,
    /// The controllers that remove finalizers.
    pub finalizers: Vec<Finalizers>,
    /// Objects that Kubernetes makes in each namespace without being asked.
    pub generated: Vec<Generated>,
    /// What no output may show.
    pub masking: Masking,
    /// Fields that another field manager may own.
    pub foreign_fields: Vec<ForeignField>,
    /// Field managers whose objects are adopted.
    pub adoptable: Vec<String>,
    /// Objects that are kept although they are no longer desired.
    pub pruning: Pruning,
}

/// The kind of the order with which each stage of a component begins.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stages {
    /// Namespaces and kinds.
    pub prerequisites: KindPattern,
    /// RBAC, and what pods mount.
    pub access: KindPattern,
    /// Services.
    pub services: KindPattern,
    /// Workloads.
    pub workloads: KindPattern,
    /// Webhooks, which call workloads.
    pub webhooks: KindPattern,
    /// Resources that controllers reconcile.
    pub resources: KindPattern,
}

impl Stages {
    /// In their order.
    pub fn in_order(&self) -> [&KindPattern; 6] {
        let Self { prerequisites, access, services, workloads, webhooks, resources } = self;
        [prerequisites, access, services, workloads, webhooks, resources]
    }
}

/// A controller that removes finalizers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Finalizers {
    /// A part of the names of its finalizers.
    pub domain: String,
    /// The namespace of the controller.
    pub namespace: String,
    /// The Deployment of the controller.
    pub deployment: String,
    /// It must not see that its objects are deleted: it would delete what belongs to users.
    #[serde(default)]
    pub stopped_first: bool,
    /// The finalizers that it puts on objects that may outlive it.
    pub puts: Vec<PutFinalizers>,
}

/// Finalizers that a controller puts on the objects of a resource.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutFinalizers {
    /// The resource, as `kubectl` writes it: `namespaces`, `users.iam.kubesphere.io`, or `*.types.kubefed.io`
    /// for all resources of a group.
    pub resource: String,
    /// The finalizers.
    pub names: Vec<String>,
    /// The resource whose objects say for which kinds the controller handles them; it always does without one.
    #[serde(default)]
    pub configured_by: Option<String>,
}

impl Finalizers {
    /// The Deployment of the controller.
    pub fn controller(&self) -> ObjectId {
        ObjectId {
            group: "apps".to_owned(),
            version: "v1".to_owned(),
            kind: "Deployment".to_owned(),
            namespace: Some(self.namespace.clone()),
            name: self.deployment.clone(),
        }
    }

    /// The controller that removes a finalizer, if it is known.
    pub fn of(finalizer: &str) -> Option<&'static Self> {
        let known = &rules().finalizers;
        let puts =
            |known: &&Self| known.puts.iter().any(|put| put.names.iter().any(|n| n == finalizer));
        known.iter().find(puts).or_else(|| known.iter().find(|k| finalizer.contains(&k.domain)))
    }
}

/// Objects that Kubernetes makes without being asked: all of a kind, those with certain names, or those with an
/// annotation.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Generated {
    /// The kind.
    pub kind: KindPattern,
    /// The names.
    #[serde(default)]
    pub names: Vec<String>,
    /// The annotation.
    #[serde(default)]
    pub annotation: Option<String>,
}

/// What no output may show.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Masking {
    /// The text that is no secret although it stands in place of one.
    pub placeholder: String,
    /// Secret fields, by kind.
    pub objects: Vec<SecretFields>,
    /// Kinds whose spec is searched for secret names.
    pub searched: Vec<KindPattern>,
    /// YAML texts inside a ConfigMap.
    pub texts: Vec<SecretText>,
}

/// Secret fields of a kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretFields {
    /// The kind.
    pub kind: KindPattern,
    /// How the values are written, so that the same secret elsewhere is known again.
    #[serde(default)]
    pub encoding: Encoding,
    /// The fields.
    pub paths: Vec<PathPattern>,
}

/// How a secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// As it is.
    #[default]
    Plain,
    /// In base64, as in a Secret's `data`.
    Base64,
}

/// A text in a ConfigMap that is a YAML document of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecretText {
    /// The key in `data`.
    pub key: String,
    /// Secret fields of the document.
    pub paths: Vec<PathPattern>,
}

/// A field that ksi does not apply while another field manager owns it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForeignField {
    /// The kind.
    pub kind: KindPattern,
    /// The field.
    pub path: PathPattern,
    /// Owned through this subresource, by any manager.
    #[serde(default)]
    pub subresource: Option<String>,
    /// Owned by one of these managers.
    #[serde(default)]
    pub managers: Vec<String>,
    /// Left to others if the object has this annotation.
    #[serde(default)]
    pub annotation: Option<String>,
}

/// Objects that are kept although they are no longer desired.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pruning {
    /// Kinds whose deletion needs consent.
    pub protected: Vec<Protected>,
    /// Annotations with which a user keeps an object.
    pub keep_markers: Vec<KeepMarker>,
    /// Kinds that are deleted without the objects that they own.
    pub orphaning: Vec<KindPattern>,
    /// Groups whose objects are annotated before they are deleted.
    pub releasing: Vec<Releasing>,
}

/// An annotation with which a controller keeps the objects that it created for a deleted one.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Releasing {
    /// The group of the objects.
    pub group: String,
    /// The annotation.
    pub annotation: String,
    /// Its value.
    pub value: String,
}

/// A kind that is not pruned without consent.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Protected {
    /// The kind.
    pub kind: KindPattern,
    /// The consent that it needs.
    pub consent: DeletionConsent,
    /// Why it needs consent.
    pub because: String,
}

/// The consents to deletions. Each caller has its own names for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeletionConsent {
    /// To delete CRDs, with every object of their kinds.
    DeleteCrds,
    /// To delete volume claims, with their data.
    DeleteData,
    /// To delete namespaces, with everything in them.
    DeleteNamespaces,
}

/// An annotation with which a user keeps an object.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeepMarker {
    /// Its name.
    pub annotation: String,
    /// The value with that effect.
    pub value: String,
}

/// The rules that ship with ksi.
pub fn rules() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    RULES.get_or_init(|| parse(TEXT).unwrap_or_else(|_| Rules::closed()))
}

fn parse(text: &str) -> Result<Rules, String> {
    let value = embedded::parse(text).map_err(|e| e.to_string())?;
    serde_json::from_value(value).map_err(|e| e.to_string())
}

impl Rules {
    /// The rules if the shipped ones cannot be parsed: everything is secret. Tests prevent such a build;
    /// if there were one, it would leak nothing.
    fn closed() -> Self {
        let everything = SecretFields {
            kind: KindPattern::Any,
            encoding: Encoding::Plain,
            paths: "*".parse().into_iter().collect(),
        };
        Self {
            order: Vec::new(),
            stages: Stages {
                prerequisites: KindPattern::Any,
                access: KindPattern::Any,
                services: KindPattern::Any,
                workloads: KindPattern::Any,
                webhooks: KindPattern::Any,
                resources: KindPattern::Any,
            },
            adoptable: Vec::new(),
            delete_first: Vec::new(),
            delete_late: Vec::new(),
            delete_without_controllers: Vec::new(),
            finalizers: Vec::new(),
            generated: Vec::new(),
            masking: Masking { objects: vec![everything], ..Masking::default() },
            foreign_fields: Vec::new(),
            pruning: Pruning::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_are_read_whole() {
        let rules = parse(TEXT).unwrap();
        assert_eq!(rules.order.iter().filter(|k| **k == KindPattern::Any).count(), 1);
        for (at, kind) in rules.order.iter().enumerate() {
            assert!(!rules.order[..at].contains(kind), "{kind:?} stands twice");
        }
        let places = rules.stages.in_order().map(|kind| {
            rules
                .order
                .iter()
                .position(|k| k == kind)
                .expect("a stage begins with a kind of the order")
        });
        assert!(places[0] == 0 && places.is_sorted_by(|a, b| a < b), "{places:?}");
        assert!(!rules.adoptable.is_empty());
        assert!(rules.delete_first.iter().all(|kind| rules.order.contains(kind)));
        assert!(rules.delete_late.len() > 1 && rules.finalizers.len() > 1);
        assert!(rules.finalizers.iter().all(|known| !known.puts.is_empty()));
        assert!(!rules.generated.is_empty());
        assert!(rules.pruning.orphaning.len() > 1 && !rules.pruning.releasing.is_empty());
        assert!(rules.masking.texts.iter().any(|t| t.key == embedded::KEY && t.paths.len() > 10));
        assert_eq!(rules.pruning.protected.len(), 3);
        assert!(!rules.foreign_fields.is_empty());
        for field in &rules.foreign_fields {
            assert!(field.subresource.is_some() || !field.managers.is_empty(), "{field:?}");
        }
    }

    #[test]
    fn unknown_keys_in_the_rules_are_an_error() {
        assert!(parse(&format!("{TEXT}\nmaskign: {{}}\n")).is_err());
    }
}
