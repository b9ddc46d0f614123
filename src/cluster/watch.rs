//! Following objects as they change.

use std::fmt::Debug;

use futures_util::future;
use futures_util::stream::{BoxStream, StreamExt as _};
use kube::api::{Api, ApiResource, DynamicObject, PartialObjectMeta};
use kube::core::DynamicResourceScope;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Cluster;
use super::error::{Error, Problem};
use super::kind::{self, Kind};
use super::request::Selection;

/// What happened to an object, as whole manifests.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is there, new or changed.
    Applied(Value),
    /// It is gone; as it was last.
    Deleted(Value),
    /// Everything that is there has been told once, and follows as it changes from now on.
    Complete,
    /// The connection broke; it is made again, and everything told anew.
    Interrupted(String),
}

/// Changes as they come, without end.
pub type Changes = BoxStream<'static, Change>;

impl Cluster {
    /// Follows objects of a kind: first all that are there, then every change. Broken connections
    /// are made again with growing pauses.
    ///
    /// # Errors
    /// The cluster does not serve the kind, or cannot be asked.
    pub async fn watch(&self, kind: &Kind, selection: &Selection) -> Result<Changes, Error> {
        let Some(resource) = self.resource(kind).await? else {
            let cause = format!("the cluster does not serve {kind}");
            return Err(Error::new(Problem::NotServed, "follow", kind.to_string(), cause));
        };
        let described = api_resource(&resource);
        let config = watcher::Config {
            label_selector: selection.labels.clone(),
            field_selector: selection.fields.clone(),
            ..watcher::Config::default()
        };
        let (client, namespace) = (self.connection.client(), selection.namespace.as_deref());
        Ok(if selection.metadata_only {
            follow::<PartialObjectMeta<DynamicObject>>(client, namespace, &described, config)
        } else {
            follow::<DynamicObject>(client, namespace, &described, config)
        })
    }
}

fn follow<K>(
    client: Client,
    namespace: Option<&str>,
    resource: &ApiResource,
    config: watcher::Config,
) -> Changes
where
    K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
        + Send
        + 'static,
{
    let api: Api<K> = match namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, resource),
        None => Api::all_with(client, resource),
    };
    // Items of the first list do not say what they are, and those of metadata say another thing.
    let (api_version, kind) = (resource.api_version.clone(), resource.kind.clone());
    let manifest = move |object: &K| {
        let mut body = manifest(object);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("apiVersion".into(), api_version.clone().into());
            fields.insert("kind".into(), kind.clone().into());
        }
        body
    };
    let changes = watcher(api, config).default_backoff().filter_map(move |event| {
        let change = match event {
            Ok(watcher::Event::Apply(object) | watcher::Event::InitApply(object)) => {
                Some(Change::Applied(manifest(&object)))
            }
            Ok(watcher::Event::Delete(object)) => Some(Change::Deleted(manifest(&object))),
            Ok(watcher::Event::InitDone) => Some(Change::Complete),
            Ok(watcher::Event::Init) => None,
            Err(error) => Some(Change::Interrupted(error.to_string())),
        };
        future::ready(change)
    });
    changes.boxed()
}

fn api_resource(resource: &kind::Resource) -> ApiResource {
    let Kind { group, version, kind } = resource.kind.clone();
    let api_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
    ApiResource { group, version, api_version, kind, plural: resource.plural.clone() }
}

fn manifest(object: &impl Serialize) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}
