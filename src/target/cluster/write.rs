//! Writes an object according to its policy.

use serde_json::Value;

use super::identity::Identity;
use super::{Error, ErrorKind, Write};
use crate::cluster::{self, Apply, Cluster};
use crate::object::{ObjectId, Policy};

/// How often somebody else may change the object first.
const TRIES: usize = 10;

/// Writes an object and returns the live object.
pub(super) async fn write(
    cluster: &Cluster,
    write: Write<'_>,
    observed: Option<&Identity>,
) -> Result<Value, Error> {
    let Write { id, policy, create, body, force } = write;
    match (policy, create) {
        (Policy::Apply | Policy::Patch, _) => {
            let options = Apply { force, ..Apply::default() };
            Ok(cluster.apply(body, options).await?)
        }
        (Policy::Create | Policy::Embedded, true) => created(cluster, id, body).await,
        (Policy::Create, false) => overwritten(cluster, id, body, observed).await,
        (Policy::Embedded, false) => replaced(cluster, id, body, observed).await,
    }
}

/// The same for an object of a recent kind. The API server delays a create by two seconds
/// (`customresource_handler.go` of Kubernetes), but not an apply. If somebody else creates the object at the
/// same time, its fields stay, and missing ones are added.
pub(super) async fn first(
    cluster: &Cluster,
    write: Write<'_>,
    observed: Option<&Identity>,
) -> Result<Value, Error> {
    let Write { id, policy, create, body, .. } = write;
    if policy != Policy::Create || !create || cluster.get(id).await?.is_some() {
        return self::write(cluster, write, observed).await;
    }
    match cluster.apply(body, Apply::default()).await {
        Err(error) if matches!(error.kind, cluster::ErrorKind::Owned(_)) => {
            created(cluster, id, body).await
        }
        answer => Ok(answer?),
    }
}

/// Creates an object. If it exists by now, it may be our own, and the response was lost.
async fn created(cluster: &Cluster, id: &ObjectId, body: &Value) -> Result<Value, Error> {
    let error = match cluster.create(body, false).await {
        Ok(live) => return Ok(live),
        Err(error) if error.kind == cluster::ErrorKind::Exists => error,
        Err(error) => return Err(error.into()),
    };
    match cluster.get(id).await? {
        // Its controller may have added fields already.
        Some(live) if ["data", "spec"].iter().all(|part| holds(&live[part], &body[part])) => {
            Ok(live)
        }
        _ => Err(error.into()),
    }
}

/// Replaces the content of our object, but not its labels and annotations.
async fn overwritten(
    cluster: &Cluster,
    id: &ObjectId,
    body: &Value,
    observed: Option<&Identity>,
) -> Result<Value, Error> {
    let mut last = None;
    for _ in 0..TRIES {
        let Some(mut live) = cluster.get(id).await? else {
            return created(cluster, id, body).await;
        };
        let uid = live["metadata"]["uid"].as_str();
        if observed.is_some_and(|observed| Some(observed.uid.as_str()) != uid) {
            return Err(another(id));
        }
        for (name, value) in body.as_object().into_iter().flatten() {
            if name != "metadata" {
                live[name] = value.clone();
            }
        }
        match cluster.replace(&live).await {
            Ok(live) => return Ok(live),
            Err(error) if error.kind == cluster::ErrorKind::Changed => last = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    Err(last.map_or_else(|| another(id), Error::from))
}

/// Replaces an object if it still has the observed version.
async fn replaced(
    cluster: &Cluster,
    id: &ObjectId,
    body: &Value,
    observed: Option<&Identity>,
) -> Result<Value, Error> {
    let mut body = body.clone();
    if let Some(version) = observed.and_then(|observed| observed.resource_version.as_deref()) {
        body["metadata"]["resourceVersion"] = version.into();
    }
    match cluster.replace(&body).await {
        // An earlier try may have succeeded, and its response was lost.
        Err(error) if error.kind == cluster::ErrorKind::Changed => match cluster.get(id).await? {
            Some(live) if live["data"] == body["data"] => Ok(live),
            _ => Err(error.into()),
        },
        answer => Ok(answer?),
    }
}

fn another(id: &ObjectId) -> Error {
    Error::new(
        ErrorKind::Conflict,
        "write",
        id.to_string(),
        "somebody else deleted and recreated it",
        "run again to plan for the current state",
    )
}

/// Whether everything of `part` is in `whole`.
fn holds(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(name, part)| whole.get(name).is_some_and(|whole| holds(whole, part)))
        }
        (_, Value::Null) => true,
        (whole, part) => whole == part,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::tests::server::{Fault, Server, block_on};

    #[test]
    fn fields_of_others_do_not_count_as_a_difference() {
        let ours = json!({"email": "a", "lang": {"x": 1}});
        assert!(holds(&json!({"email": "a", "lang": {"x": 1, "y": 2}, "status": {}}), &ours));
        assert!(!holds(&json!({"email": "b", "lang": {"x": 1}}), &ours));
        assert!(holds(&json!(null), &json!(null)) && !holds(&json!(null), &json!({"a": 1})));
    }

    #[test]
    fn a_replace_whose_response_was_lost_is_no_conflict() {
        let server = Server::start();
        let map = |text: &str| {
            json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "a", "namespace": "default"}, "data": {"a": text},
            })
        };
        block_on(async {
            let cluster = server.connect().await;
            let made = cluster.create(&map("1"), false).await.unwrap();
            let (id, observed) = (ObjectId::of(&made).unwrap(), Identity::of(&made));
            server.fault("PUT", "/configmaps/a", Fault::LostAnswer);
            let live = replaced(&cluster, &id, &map("2"), observed.as_ref()).await.unwrap();
            assert_eq!(live["data"]["a"], "2");
            assert_eq!(server.count("PUT", "/configmaps/a"), 2);

            let late = replaced(&cluster, &id, &map("3"), observed.as_ref()).await;
            assert_eq!(late.unwrap_err().kind, ErrorKind::Conflict);
        });
    }
}
