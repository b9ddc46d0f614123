//! The Secret that `authentication.jwtSecretRef` names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::{Error, MissingSecret};
use crate::cluster::{self, Cluster, Kind};
use crate::config::jwt_secret::unusable;
use crate::config::{self, Configuration};
use crate::diagnostic::{Code, Diagnostic};
use crate::object::kubesphere;
use crate::values;

/// The jwtSecret that the installation in a cluster uses.
pub(super) async fn in_use(cluster: &Cluster) -> Result<Option<String>, cluster::Error> {
    let config =
        Kind::new("", "v1", "ConfigMap").named(Some(config::NAMESPACE), kubesphere::CONFIG);
    let live = cluster.get(&config).await?;
    Ok(values::jwt_secret_in_use(live.as_ref()))
}

/// Puts the value of the Secret into the configuration, unless it gives the value itself.
///
/// # Errors
/// The Secret has no value, or one that cannot be meant. If the installation uses that already, it is only
/// a warning.
pub(super) async fn resolve(
    configuration: &mut Configuration,
    cluster: &Cluster,
) -> Result<Option<Diagnostic>, Error> {
    let authentication = &mut configuration.authentication;
    let Some(reference) = &authentication.jwt_secret_ref else {
        return Ok(None);
    };
    if authentication.jwt_secret.is_some() {
        return Ok(None);
    }
    let id = Kind::new("", "v1", "Secret").named(Some(config::NAMESPACE), &reference.name);
    let secret = cluster.get(&id).await?;
    let text = secret
        .as_ref()
        .and_then(|secret| secret["data"][&reference.key].as_str())
        .and_then(|encoded| String::from_utf8(STANDARD.decode(encoded).ok()?).ok())
        .filter(|text| !text.is_empty());
    let Some(text) = text else {
        let (key, has_secret) = (reference.key.clone(), secret.is_some());
        return Err(Error::SecretRef(Box::new(MissingSecret { secret: id, key, has_secret })));
    };
    let mut warning = None;
    if let Some(problem) = unusable(&text) {
        let (key, reason) = (reference.key.clone(), problem.reason());
        if in_use(cluster).await?.as_deref() != Some(&*text) {
            return Err(Error::SecretRefUnusable { secret: Box::new(id), key, reason });
        }
        let message =
            format!("the jwtSecret in key `{key}` of {id} {reason}, and this installation uses it");
        warning = Some(Diagnostic::warning(Code::JwtSecretExample, message).help(
            "anybody who knows it can sign in as admin: set a new one on the host, then on every member",
        ));
    }
    authentication.jwt_secret = Some(text.into());
    Ok(warning)
}
