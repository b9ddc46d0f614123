//! Reads and writes objects.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::Cluster;
use super::error::{Error, ErrorKind};
use super::kind::{Kind, Resource};
use super::request::{self, APPLY, Call, MERGE, Selection, with_query};
use crate::object::{FIELD_MANAGER, ObjectId};

/// The number of items in a page of a list.
const PAGE: &str = "500";

/// How to apply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Apply {
    /// Only a dry run.
    pub dry_run: bool,
    /// Take over fields of other field managers.
    pub force: bool,
    /// How long transient errors are retried, if not as long as for other requests.
    pub patience: Option<Duration>,
}

/// What an object must match to be deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// Its uid.
    pub uid: Option<String>,
    /// Its resource version.
    pub resource_version: Option<String>,
}

/// What happens to the objects that an object owns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They are deleted later.
    #[default]
    Background,
    /// They are deleted first; until then the object is terminating.
    Foreground,
    /// They are kept without an owner.
    Orphan,
}

impl Cluster {
    /// An object; `None` if it does not exist or its kind is not served.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn get(&self, id: &ObjectId) -> Result<Option<Value>, Error> {
        let Some(resource) = self.resource(&Kind::of(id)).await? else {
            return Ok(None);
        };
        let path = request::object(&resource, id.namespace.as_deref(), &id.name);
        let call = Call::new(Method::GET, path, "read", id.to_string());
        absent(self.send(&call).await, &[ErrorKind::NotFound, ErrorKind::NotServed])
    }

    /// The selected objects of a kind, with `apiVersion` and `kind`; none if the kind is not served.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn list(&self, kind: &Kind, selection: &Selection) -> Result<Vec<Value>, Error> {
        let Some(resource) = self.resource(kind).await? else {
            return Ok(Vec::new());
        };
        let path = request::collection(&resource, selection.namespace.as_deref());
        let mut items = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let parameters = [
                ("limit", Some(PAGE)),
                ("labelSelector", selection.labels.as_deref()),
                ("fieldSelector", selection.fields.as_deref()),
                ("continue", next.as_deref()),
            ];
            let call =
                Call::new(Method::GET, with_query(&path, &parameters), "list", kind.plural())
                    .metadata_only(selection.metadata_only);
            let mut list = match self.send(&call).await {
                Ok(list) => list,
                Err(e) if e.kind == ErrorKind::NotServed => return Ok(Vec::new()),
                // The continue token expired: from the start.
                Err(e) if e.kind == ErrorKind::Expired && next.is_some() => {
                    items.clear();
                    next = None;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Value::Array(page) = list["items"].take() {
                items.extend(page.into_iter().map(|item| typed(item, kind)));
            }
            next = list["metadata"]["continue"].as_str().filter(|c| !c.is_empty()).map(Into::into);
            if next.is_none() {
                return Ok(items);
            }
        }
    }

    /// Server-side apply as field manager `ksi`, strict. Returns the live object.
    ///
    /// # Errors
    /// It is rejected; [`ErrorKind::Owned`] if other field managers own fields.
    pub async fn apply(&self, body: &Value, options: Apply) -> Result<Value, Error> {
        let (id, resource) = self.target(body, "apply").await?;
        let path = with_query(
            &request::object(&resource, id.namespace.as_deref(), &id.name),
            &[
                ("fieldManager", Some(FIELD_MANAGER)),
                ("fieldValidation", Some("Strict")),
                ("force", options.force.then_some("true")),
                ("dryRun", options.dry_run.then_some("All")),
            ],
        );
        let call = Call::new(Method::PATCH, path, "apply", id.to_string())
            .with_body(APPLY, body)
            .changing(options.dry_run);
        match options.patience {
            Some(patience) => self.send_within(&call, patience).await,
            None => self.send(&call).await,
        }
    }

    /// Whether objects of a kind can be listed: discovery may have a kind before it is served.
    ///
    /// # Errors
    /// They cannot be read for another reason.
    pub async fn is_listed(&self, kind: &Kind) -> Result<bool, Error> {
        let Some(resource) = self.resource(kind).await? else {
            return Ok(false);
        };
        let path = with_query(&request::collection(&resource, None), &[("limit", Some("1"))]);
        let call = Call::new(Method::GET, path, "list", kind.plural());
        let list = self.send(&call.metadata_only(true)).await;
        Ok(absent(list, &[ErrorKind::NotServed])?.is_some())
    }

    /// Creates an object.
    ///
    /// # Errors
    /// It is rejected; [`ErrorKind::Exists`] if it exists, perhaps because an earlier response was lost.
    pub async fn create(&self, body: &Value, dry_run: bool) -> Result<Value, Error> {
        let (id, resource) = self.target(body, "create").await?;
        let path = request::collection(&resource, id.namespace.as_deref());
        let path = with_query(&path, &written(dry_run));
        let call = Call::new(Method::POST, path, "create", id.to_string())
            .with_body("application/json", body)
            .changing(dry_run);
        self.send(&call).await
    }

    /// Replaces an object; with a `resourceVersion` only if it is unchanged.
    ///
    /// # Errors
    /// It is rejected; [`ErrorKind::Changed`] if the object has changed.
    pub async fn replace(&self, body: &Value) -> Result<Value, Error> {
        let (id, resource) = self.target(body, "write").await?;
        let path = request::object(&resource, id.namespace.as_deref(), &id.name);
        let path = with_query(&path, &written(false));
        let call = Call::new(Method::PUT, path, "write", id.to_string())
            .with_body("application/json", body)
            .changing(false);
        self.send(&call).await
    }

    /// Changes some fields of an object, or of a subresource such as `status`, by a merge patch.
    ///
    /// # Errors
    /// It is rejected, or does not exist.
    pub async fn merge(
        &self,
        id: &ObjectId,
        fields: &Value,
        subresource: Option<&str>,
    ) -> Result<Value, Error> {
        let resource = self.served(id, "change").await?;
        let mut path = request::object(&resource, id.namespace.as_deref(), &id.name);
        if let Some(subresource) = subresource {
            path = format!("{path}/{subresource}");
        }
        let path = with_query(&path, &[("fieldManager", Some(FIELD_MANAGER))]);
        let call = Call::new(Method::PATCH, path, "change", id.to_string())
            .with_body(MERGE, fields)
            .changing(false);
        self.send(&call).await
    }

    /// Deletes an object. It is terminating as long as it has finalizers.
    ///
    /// # Errors
    /// It is rejected, or the object has changed ([`ErrorKind::Changed`]). It is no error if it does not exist.
    pub async fn delete(
        &self,
        id: &ObjectId,
        preconditions: &Preconditions,
        propagation: Propagation,
    ) -> Result<(), Error> {
        let Some(resource) = self.resource(&Kind::of(id)).await? else {
            return Ok(());
        };
        let path = request::object(&resource, id.namespace.as_deref(), &id.name);
        let policy = match propagation {
            Propagation::Background => "Background",
            Propagation::Foreground => "Foreground",
            Propagation::Orphan => "Orphan",
        };
        let mut body = json!({
            "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy,
        });
        let Preconditions { uid, resource_version } = preconditions;
        if uid.is_some() || resource_version.is_some() {
            body["preconditions"] = json!({"uid": uid, "resourceVersion": resource_version});
        }
        let call = Call::new(Method::DELETE, path, "delete", id.to_string())
            .with_body("application/json", &body)
            .changing(false);
        absent(self.send(&call).await, &[ErrorKind::NotFound, ErrorKind::NotServed]).map(|_| ())
    }

    /// Reads a path that returns JSON, such as `/version`.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn read_path(&self, path: &str) -> Result<Value, Error> {
        let place = path.trim_start_matches('/').to_owned();
        self.send(&Call::new(Method::GET, path.to_owned(), "read", place)).await
    }

    async fn target(
        &self,
        body: &Value,
        action: &'static str,
    ) -> Result<(ObjectId, Resource), Error> {
        let Some(id) = ObjectId::of(body) else {
            return Err(Error::new(ErrorKind::Invalid, action, "a manifest", "it has no name"));
        };
        let resource = self.served(&id, action).await?;
        Ok((id, resource))
    }

    /// The resource of an object that is about to be written.
    async fn served(&self, id: &ObjectId, action: &'static str) -> Result<Resource, Error> {
        let kind = Kind::of(id);
        self.resource(&kind).await?.ok_or_else(|| {
            let cause = format!("the cluster does not serve {kind}");
            Error::new(ErrorKind::NotServed, action, id.to_string(), cause)
        })
    }
}

/// The parameters of a write that is not an apply.
fn written(dry_run: bool) -> [(&'static str, Option<&'static str>); 3] {
    [
        ("fieldManager", Some(FIELD_MANAGER)),
        ("fieldValidation", Some("Strict")),
        ("dryRun", dry_run.then_some("All")),
    ]
}

/// Sets `apiVersion` and `kind`: items of lists have none, and those of metadata lists have others.
fn typed(mut item: Value, kind: &Kind) -> Value {
    let api_version = match kind.group.as_str() {
        "" => kind.version.clone(),
        group => format!("{group}/{}", kind.version),
    };
    if let Some(fields) = item.as_object_mut() {
        fields.insert("apiVersion".into(), api_version.into());
        fields.insert("kind".into(), kind.kind.clone().into());
    }
    item
}

fn absent(answer: Result<Value, Error>, absences: &[ErrorKind]) -> Result<Option<Value>, Error> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if absences.contains(&error.kind) => Ok(None),
        Err(error) => Err(error),
    }
}
