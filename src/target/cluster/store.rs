//! The two Secrets of ksi: inventory and stored values.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Error, ErrorKind};
use crate::cluster::{self, Cluster, Preconditions, Propagation};
use crate::inventory::{self, Inventory};
use crate::object::{ObjectId, kubesphere};
use crate::values::StoredValues;

/// The Secret with the stored values.
pub const VALUES: &str = "ksi-values";

/// A Secret in our namespace.
pub(super) fn secret(name: &str) -> ObjectId {
    ObjectId {
        group: String::new(),
        version: "v1".into(),
        kind: "Secret".into(),
        namespace: Some(kubesphere::SYSTEM.into()),
        name: name.into(),
    }
}

/// A text in a Secret.
pub(super) fn text(secret: &Value, key: &str) -> Option<String> {
    let encoded = secret["data"][key].as_str()?;
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}

/// The inventory, and the resource version at which it was read.
pub(super) async fn inventory(
    cluster: &Cluster,
) -> Result<(Option<Inventory>, Option<String>), Error> {
    let id = secret(inventory::SECRET);
    let Some(live) = cluster.get(&id).await? else {
        return Ok((None, None));
    };
    let version = live["metadata"]["resourceVersion"].as_str().map(str::to_owned);
    let inventory =
        Inventory::from_secret(&live).map_err(|error| Error::inventory(id.to_string(), &error))?;
    Ok((Some(inventory), version))
}

/// Writes the inventory if it is still the one that was read. Returns its new version.
pub(super) async fn record(
    cluster: &Cluster,
    inventory: &Inventory,
    version: Option<String>,
) -> Result<Option<String>, Error> {
    let live = put(cluster, inventory::SECRET, &inventory.to_secret(), version).await?;
    Ok(live["metadata"]["resourceVersion"].as_str().map(str::to_owned))
}

/// The stored values; none on a new cluster.
pub(super) async fn values(cluster: &Cluster) -> Result<StoredValues, Error> {
    read_values(cluster, VALUES).await.map(|(values, _)| values)
}

/// The values in a Secret of ksi's namespace, and the version that it has; none if it does not exist.
///
/// # Errors
/// It cannot be read, or holds what is not text.
pub async fn read_values(
    cluster: &Cluster,
    name: &str,
) -> Result<(StoredValues, Option<String>), Error> {
    let id = secret(name);
    let Some(live) = cluster.get(&id).await? else {
        return Ok(Default::default());
    };
    let version = live["metadata"]["resourceVersion"].as_str().map(str::to_owned);
    let names = live["data"].as_object().into_iter().flat_map(Map::keys);
    names
        .map(|name| {
            let value = text(&live, name).ok_or_else(|| {
                let cause = format!("`{name}` is not text");
                let help = "restore it from a backup";
                Error::new(ErrorKind::Damaged, "read", id.to_string(), cause, help)
            })?;
            Ok((name.clone(), value))
        })
        .collect::<Result<_, Error>>()
        .map(|values| (StoredValues(values), version))
}

/// Creates a Secret with values, or replaces it if it still has this version.
///
/// # Errors
/// It cannot be written; [`ErrorKind::Conflict`] if it has another version.
pub async fn write_values(
    cluster: &Cluster,
    name: &str,
    values: &StoredValues,
    version: Option<String>,
) -> Result<(), Error> {
    let encoded = values.0.iter().map(|(name, text)| (name.clone(), STANDARD.encode(text).into()));
    put(cluster, name, &Value::Object(encoded.collect()), version).await.map(|_| ())
}

/// Stores values. Only the holder of the lock writes them, so the current version is overwritten.
pub(super) async fn store_values(cluster: &Cluster, values: &StoredValues) -> Result<(), Error> {
    let live = cluster.get(&secret(VALUES)).await?;
    let version = live.and_then(|l| l["metadata"]["resourceVersion"].as_str().map(str::to_owned));
    write_values(cluster, VALUES, values, version).await
}

/// Removes both.
pub(super) async fn forget(cluster: &Cluster) -> Result<(), Error> {
    for name in [VALUES, inventory::SECRET] {
        let preconditions = Preconditions::default();
        cluster.delete(&secret(name), &preconditions, Propagation::Background).await?;
    }
    Ok(())
}

/// Creates a Secret, or replaces it if it still has this version.
async fn put(
    cluster: &Cluster,
    name: &str,
    data: &Value,
    version: Option<String>,
) -> Result<Value, Error> {
    let id = secret(name);
    let mut body = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": kubesphere::SYSTEM,
            "labels": {"app.kubernetes.io/managed-by": "ksi"},
        },
        "type": "Opaque",
        "data": data,
    });
    let answer = match &version {
        Some(version) => {
            body["metadata"]["resourceVersion"] = version.as_str().into();
            cluster.replace(&body).await
        }
        None => cluster.create(&body, false).await,
    };
    match answer {
        // The response to an earlier try of this request may have been lost.
        Err(error)
            if matches!(error.kind, cluster::ErrorKind::Changed | cluster::ErrorKind::Exists) =>
        {
            match cluster.get(&id).await? {
                Some(live) if live["data"] == *data => Ok(live),
                _ => Err(error.into()),
            }
        }
        answer => Ok(answer?),
    }
}
