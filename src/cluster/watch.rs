//! Watches objects.

use std::fmt::Debug;
use std::time::Duration;

use futures_util::future;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use kube::api::{Api, ApiResource, DynamicObject, PartialObjectMeta};
use kube::core::DynamicResourceScope;
use kube::runtime::watcher::{self, DefaultBackoff, watcher};
use kube::{Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Cluster;
use super::error::{self, Error, ErrorKind};
use super::kind::{self, Kind};
use super::request::Selection;

/// A change of an object, with its manifest.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It exists: listed first, new or changed.
    Applied(Value),
    /// It was deleted; its last state.
    Deleted(Value),
    /// The first list is complete; from now on changes follow.
    Complete,
    /// The connection broke. After a reconnect everything is listed again.
    Interrupted(String),
}

/// An endless stream of changes.
pub type Changes = BoxStream<'static, Change>;

impl Cluster {
    /// Watches objects of a kind: first lists all, then reports changes. Reconnects with growing pauses.
    ///
    /// # Errors
    /// The cluster does not serve the kind, or discovery fails.
    pub async fn watch(&self, kind: &Kind, selection: &Selection) -> Result<Changes, Error> {
        let Some(resource) = self.resource(kind).await? else {
            let cause = format!("the cluster does not serve {kind}");
            return Err(Error::new(ErrorKind::NotServed, "watch", kind.to_string(), cause));
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
    // Items of the first list have no kind, and those of metadata lists have another one.
    let (api_version, kind) = (resource.api_version.clone(), resource.kind.clone());
    let manifest = move |object: &K| {
        let mut body = manifest(object);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("apiVersion".into(), api_version.clone().into());
            fields.insert("kind".into(), kind.clone().into());
        }
        body
    };
    let change = move |event| match event {
        watcher::Event::Apply(object) | watcher::Event::InitApply(object) => {
            Some(Change::Applied(manifest(&object)))
        }
        watcher::Event::Delete(object) => Some(Change::Deleted(manifest(&object))),
        watcher::Event::InitDone => Some(Change::Complete),
        watcher::Event::Init => None,
    };
    let connect = move || watcher(api.clone(), config.clone()).boxed();
    let changes = connected(connect).filter_map(move |event| {
        future::ready(match event {
            Ok(event) => change(event),
            Err(error) => Some(Change::Interrupted(error::chain(&error))),
        })
    });
    changes.boxed()
}

/// Events of successive connections, with growing pauses. The watcher itself would resume after the last event, and
/// not show when it is connected again: here each connection begins with a full list.
fn connected<T: Send + 'static>(
    connect: impl Fn() -> BoxStream<'static, watcher::Result<T>> + Clone + Send + 'static,
) -> BoxStream<'static, watcher::Result<T>> {
    let state = (connect(), DefaultBackoff::default(), None::<Duration>);
    let events = stream::unfold(state, move |(mut events, mut backoff, pause)| {
        let connect = connect.clone();
        async move {
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
                events = connect();
            }
            let event = events.next().await?;
            let pause = if event.is_err() { backoff.next() } else { None };
            Some((event, (events, backoff, pause)))
        }
    });
    events.boxed()
}

fn api_resource(resource: &kind::Resource) -> ApiResource {
    let Kind { group, version, kind } = resource.kind.clone();
    let api_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
    ApiResource { group, version, api_version, kind, plural: resource.plural.clone() }
}

fn manifest(object: &impl Serialize) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::json;

    use super::*;

    /// A server that lists one ConfigMap and refuses the first watch.
    fn server(requests: Arc<Mutex<Vec<&'static str>>>) -> Client {
        let answer = move |request: Request<Body>| {
            let watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
            let mut requests = requests.lock().unwrap();
            let is_first = !requests.contains(&"watch");
            requests.push(if watch { "watch" } else { "list" });
            async move {
                let body = json!({
                    "apiVersion": "v1", "kind": "ConfigMapList", "metadata": {"resourceVersion": "1"},
                    "items": [{"metadata": {"name": "a", "namespace": "b", "resourceVersion": "1"}}],
                });
                let (status, body) = match (watch, is_first) {
                    (false, _) => (200, Body::from(body.to_string().into_bytes())),
                    (true, true) => (500, Body::empty()),
                    (true, false) => {
                        future::pending::<()>().await;
                        (200, Body::empty())
                    }
                };
                Ok::<_, Infallible>(Response::builder().status(status).body(body).unwrap())
            }
        };
        Client::new(tower::service_fn(answer), "default")
    }

    #[tokio::test(start_paused = true)]
    async fn everything_is_listed_again_after_an_interruption() {
        let requests = Arc::default();
        let resource = ApiResource {
            group: String::new(),
            version: "v1".into(),
            api_version: "v1".into(),
            kind: "ConfigMap".into(),
            plural: "configmaps".into(),
        };
        let client = server(Arc::clone(&requests));
        let config = watcher::Config::default();
        let changes = follow::<DynamicObject>(client, Some("b"), &resource, config);
        let changes: Vec<Change> = changes.take(5).collect().await;
        assert!(matches!(
            &changes[..],
            [
                Change::Applied(_),
                Change::Complete,
                Change::Interrupted(_),
                Change::Applied(_),
                Change::Complete,
            ]
        ));
        assert_eq!(*requests.lock().unwrap(), ["list", "watch", "list"]);
    }
}
