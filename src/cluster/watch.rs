//! Watches objects.

use std::fmt::Debug;
use std::sync::Arc;
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
use super::connect::{Connection, Login};
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
    /// Watches objects of a kind: first lists all, then reports changes. Reconnects with growing pauses, and with
    /// new credentials if these were rejected: a watch may outlive them.
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
        let connection = Arc::clone(&self.connection);
        let namespace = selection.namespace.clone();
        Ok(if selection.metadata_only {
            follow::<PartialObjectMeta<DynamicObject>>(connection, namespace, described, config)
        } else {
            follow::<DynamicObject>(connection, namespace, described, config)
        })
    }
}

fn follow<K>(
    connection: Arc<Connection>,
    namespace: Option<String>,
    resource: ApiResource,
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
    let connect = move |client: Client| {
        let api: Api<K> = match &namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        };
        watcher(api, config.clone()).boxed()
    };
    let watching = Watching::new(connection, connect);
    let events = stream::unfold(watching, async |mut watching| {
        let event = watching.next().await?;
        Some((event, watching))
    });
    let changes = events.filter_map(move |event| {
        future::ready(match event {
            Ok(event) => change(event),
            Err(cause) => Some(Change::Interrupted(cause)),
        })
    });
    changes.boxed()
}

/// Successive connections of one watch. The watcher itself would resume after the last event, and not show when it
/// is connected again: here each connection begins with a full list. Nor would it read rejected credentials again.
struct Watching<T, C> {
    connection: Arc<Connection>,
    connect: C,
    events: BoxStream<'static, watcher::Result<T>>,
    /// The credentials of these events.
    login: Login,
    backoff: DefaultBackoff,
    /// How long to wait before the next connection, once this one has failed.
    pause: Option<Duration>,
    /// Whether the server rejected the credentials.
    is_rejected: bool,
}

impl<T, C> Watching<T, C>
where
    T: Send + 'static,
    C: Fn(Client) -> BoxStream<'static, watcher::Result<T>> + Send + 'static,
{
    fn new(connection: Arc<Connection>, connect: C) -> Self {
        let login = connection.login();
        let events = connect(connection.client());
        let (backoff, pause, is_rejected) = (DefaultBackoff::default(), None, false);
        Self { connection, connect, events, login, backoff, pause, is_rejected }
    }

    /// The next event, or why the connection failed.
    async fn next(&mut self) -> Option<Result<T, String>> {
        if let Some(pause) = self.pause.take() {
            tokio::time::sleep(pause).await;
            if let Err(error) = self.connect_again().await {
                self.pause = self.backoff.next();
                return Some(Err(error.to_string()));
            }
        }
        Some(match self.events.next().await? {
            Ok(event) => Ok(event),
            Err(error) => {
                self.pause = self.backoff.next();
                self.is_rejected = is_rejection(&error);
                Err(error::chain(&error))
            }
        })
    }

    async fn connect_again(&mut self) -> Result<(), Error> {
        if self.is_rejected {
            self.connection.reconnect(self.login).await?;
            self.is_rejected = false;
        }
        self.login = self.connection.login();
        self.events = (self.connect)(self.connection.client());
        Ok(())
    }
}

/// Whether the server rejected the credentials.
fn is_rejection(error: &watcher::Error) -> bool {
    let (watcher::Error::InitialListFailed(kube::Error::Api(status))
    | watcher::Error::WatchStartFailed(kube::Error::Api(status))
    | watcher::Error::WatchFailed(kube::Error::Api(status))
    | watcher::Error::WatchError(status)) = error
    else {
        return false;
    };
    status.code == 401
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

    use super::super::ConnectOptions;
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
        let connection = Connection::new(client, String::new(), &ConnectOptions::default(), None);
        let (namespace, config) = (Some("b".to_owned()), watcher::Config::default());
        let changes = follow::<DynamicObject>(Arc::new(connection), namespace, resource, config);
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
