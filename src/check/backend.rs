//! Webhook configurations and their backends.

use serde_json::Value;

use super::gathered::{Gathered, Part};
use super::manifest::{items, name, text};
use super::verdict::ReadError;
use crate::object::ObjectId;

/// API groups of `KubeSphere` and `KubeFed`, by the ends of their names.
const OURS: &[&str] = &["kubesphere.io", "kubefed.io"];

/// What a webhook backend lacks; the name is that of its Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The Service itself.
    Service(String),
    /// A ready pod: it may still be starting.
    Pod(String),
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Service(name) => write!(f, "Service {name} does not exist"),
            Self::Pod(name) => write!(f, "Service {name} has no ready pod"),
        }
    }
}

/// A webhook configuration with a webhook that has no backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrphanedWebhook {
    /// `ValidatingWebhookConfiguration` or `MutatingWebhookConfiguration`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its uid, to tell it from a later one of the same name.
    pub uid: String,
    /// What is missing.
    pub reason: Missing,
    /// Whether writes that it intercepts fail.
    pub blocks: bool,
    /// Whether it belongs to `KubeSphere` or `KubeFed`.
    pub ours: bool,
    /// Whether none of its webhooks has a backend.
    pub wholly: bool,
}

impl OrphanedWebhook {
    /// Whether the Service itself does not exist.
    pub(super) fn lacks_service(&self) -> bool {
        matches!(self.reason, Missing::Service(_))
    }
}

impl std::fmt::Display for OrphanedWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let blocks = if self.blocks { ", so the writes that it intercepts fail" } else { "" };
        write!(f, "{}/{}: {}{blocks}", self.kind, self.name, self.reason)
    }
}

/// All webhook configurations whose Service is missing or has no ready pod.
///
/// # Errors
/// Webhooks, Services or endpoints could not be read.
pub fn orphaned_webhooks(gathered: &Gathered) -> Result<Vec<OrphanedWebhook>, ReadError> {
    let mut found = Vec::new();
    for part in [Part::ValidatingWebhooks, Part::MutatingWebhooks] {
        for configuration in gathered.list(part)? {
            found.extend(orphaned(gathered, configuration)?);
        }
    }
    Ok(found)
}

/// All webhook configurations of `KubeSphere` and `KubeFed`.
///
/// # Errors
/// They could not be read.
pub fn own_webhooks(gathered: &Gathered) -> Result<Vec<ObjectId>, ReadError> {
    let mut found = Vec::new();
    for part in [Part::ValidatingWebhooks, Part::MutatingWebhooks] {
        let ours = gathered.list(part)?.iter().filter(|one| is_ours(one));
        found.extend(ours.filter_map(ObjectId::of));
    }
    Ok(found)
}

fn orphaned(
    gathered: &Gathered,
    configuration: &Value,
) -> Result<Option<OrphanedWebhook>, ReadError> {
    let (mut reasons, mut blocks, mut total) = (Vec::new(), false, 0);
    for webhook in items(&configuration["webhooks"]) {
        total += 1;
        let service = &webhook["clientConfig"]["service"];
        if service.is_null() {
            continue;
        }
        let (namespace, name) = (text(&service["namespace"]), text(&service["name"]));
        if let Some(reason) = missing(gathered, namespace, name)? {
            // Without a policy the webhook fails closed.
            blocks |= webhook["failurePolicy"] != "Ignore";
            reasons.push(reason);
        }
    }
    let without = reasons.len();
    reasons.dedup();
    let Some(reason) = reasons.first() else { return Ok(None) };
    Ok(Some(OrphanedWebhook {
        kind: text(&configuration["kind"]).to_owned(),
        name: name(configuration).to_owned(),
        uid: text(&configuration["metadata"]["uid"]).to_owned(),
        reason: reason.clone(),
        blocks,
        ours: is_ours(configuration),
        wholly: without == total,
    }))
}

/// What a Service lacks; `None` if it has a ready endpoint.
pub(super) fn missing(
    gathered: &Gathered,
    namespace: &str,
    name: &str,
) -> Result<Option<Missing>, ReadError> {
    let full_name = format!("{namespace}/{name}");
    if gathered.object(Part::Services, "Service", namespace, name)?.is_none() {
        return Ok(Some(Missing::Service(full_name)));
    }
    let slices = gathered.list(Part::Endpoints)?;
    let ready = slices
        .iter()
        .filter(|slice| {
            slice["metadata"]["namespace"] == namespace
                && slice["metadata"]["labels"]["kubernetes.io/service-name"] == name
        })
        .flat_map(|slice| items(&slice["endpoints"]))
        // Unknown counts as ready, as the API defines.
        .any(|endpoint| endpoint["conditions"]["ready"] != false);
    Ok((!ready).then_some(Missing::Pod(full_name)))
}

/// By the objects that it intercepts, by its backend, or by its own name.
fn is_ours(configuration: &Value) -> bool {
    let ours =
        |text: &str| OURS.iter().any(|end| text == *end || text.ends_with(&format!(".{end}")));
    let rules = items(&configuration["webhooks"]).flat_map(|webhook| items(&webhook["rules"]));
    let mut groups = rules.flat_map(|rule| items(&rule["apiGroups"])).map(text);
    let services = items(&configuration["webhooks"]).map(|w| &w["clientConfig"]["service"]);
    let mut namespaces = services.map(|service| text(&service["namespace"]));
    ours(name(configuration))
        || groups.any(ours)
        || namespaces.any(|n| n.starts_with("kubesphere-") || n == super::context::FEDERATED)
}
