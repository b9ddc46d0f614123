//! The Secret that `authentication.jwtSecretRef` names.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::Error;
use crate::cluster::{Cluster, Kind};
use crate::config::{self, Configuration};
use crate::object::ObjectId;

/// The Secret is missing, or has no text under the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingSecret {
    /// The Secret.
    pub secret: ObjectId,
    /// The key in it.
    pub key: String,
    /// Whether the Secret is there, and only the key is missing.
    pub has_secret: bool,
}

impl fmt::Display for MissingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret, key, has_secret } = self;
        if *has_secret {
            write!(f, "{secret} has no value for key `{key}`")
        } else {
            write!(f, "{secret} does not exist")
        }
    }
}

/// Puts the value of the Secret into the configuration, unless it gives the value itself.
pub(super) async fn resolve(
    configuration: &mut Configuration,
    cluster: &Cluster,
) -> Result<(), Error> {
    let authentication = &mut configuration.authentication;
    let Some(reference) = &authentication.jwt_secret_ref else {
        return Ok(());
    };
    if authentication.jwt_secret.is_some() {
        return Ok(());
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
    authentication.jwt_secret = Some(text.into());
    Ok(())
}
