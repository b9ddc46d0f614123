//! Values that ks-installer 3.x generated: ksi uses them when it adopts the installation.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Error;
use super::store::{secret, text};
use crate::cluster::{Cluster, Kind};
use crate::object::{embedded, kubesphere};
use crate::values::StoredValues;

/// The values found in the cluster; none on a new cluster.
pub(super) async fn values(cluster: &Cluster) -> Result<StoredValues, Error> {
    let config =
        Kind::new("", "v1", "ConfigMap").named(Some(kubesphere::SYSTEM), kubesphere::CONFIG);
    let admin = Kind::new("iam.kubesphere.io", "v1alpha2", "User").named(None, "admin");
    let (secrets, redis, config, admin) = futures_util::future::try_join4(
        cluster.get(&secret(kubesphere::SECRET)),
        cluster.get(&secret("redis-secret")),
        cluster.get(&config),
        cluster.get(&admin),
    )
    .await?;
    let absent = Value::Null;
    let of = |live: &Option<Value>, key: &str| text(live.as_ref().unwrap_or(&absent), key);
    let in_config = config
        .as_ref()
        .and_then(|live| embedded::read(live).ok().flatten())
        .and_then(|document| document["authentication"]["jwtSecret"].as_str().map(str::to_owned));
    let password_hash = admin
        .and_then(|admin| admin["spec"]["password"].as_str().map(str::to_owned))
        .filter(|password| password.starts_with("$2"));
    let found = [
        // KubeSphere signs with this one; the Secret may differ.
        ("jwtSecret", in_config.or_else(|| of(&secrets, "secret"))),
        ("staticToken", of(&secrets, "token")),
        ("adminPassword", of(&secrets, "initAdminPassword")),
        ("adminPasswordHash", password_hash),
        ("redisPassword", of(&redis, "auth")),
    ];
    let found = found.into_iter().filter_map(|(name, text)| {
        let text = text.filter(|text| !text.is_empty())?;
        Some((name.to_owned(), text))
    });
    Ok(StoredValues(found.collect::<BTreeMap<_, _>>()))
}
