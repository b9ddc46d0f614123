//! The certificate of the webhook in its Secret.

use std::time::SystemTime;

use crate::cluster::Cluster;
use crate::target::{self, ErrorKind, SystemEntropy, read_values, write_values};
use crate::values::{self, Admission};

/// The Secret of the certificate and its authority.
pub const SECRET: &str = "ksi-webhook";
/// Another replica may write it at the same time.
const TRIES: usize = 3;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The Secret.
    #[error(transparent)]
    Secret(#[from] target::Error),
    /// It cannot be generated.
    #[error(transparent)]
    Generating(#[from] values::Error),
}

impl Error {
    /// The error, with what to do.
    pub(super) fn told(&self) -> String {
        let help = match self {
            Self::Secret(error) => error.help.clone(),
            Self::Generating(error) => error.help(),
        };
        format!("{self}; {help}")
    }
}

/// The certificate to serve with, and whether it is new. Replicas that begin together end with the same.
pub(super) async fn current(
    cluster: &Cluster,
    now: SystemTime,
) -> Result<(Admission, bool), Error> {
    let mut tried = 0;
    loop {
        let (stored, version) = read_values(cluster, SECRET).await?;
        let (admission, to_store) = values::admission(&stored, &mut SystemEntropy, now)?;
        if to_store == stored {
            return Ok((admission, false));
        }
        tried += 1;
        match write_values(cluster, SECRET, &to_store, version).await {
            Ok(()) => return Ok((admission, true)),
            Err(error) if error.kind == ErrorKind::Conflict && tried < TRIES => {}
            Err(error) => return Err(error.into()),
        }
    }
}
