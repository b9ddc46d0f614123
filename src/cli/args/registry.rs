//! The flags that say how registries are reached.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::Failure;
use crate::registry::{Client, Credentials, Options};

const HEADING: &str = "Registries";

/// How registries are reached.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct RegistryArgs {
    /// File with credentials in the format of Docker [default: that of Docker]
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    registry_config: Option<PathBuf>,
    /// Authorities to trust beside those of the system, as PEM
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    registry_ca_file: Option<PathBuf>,
    /// Reach this registry without TLS; can be repeated
    #[arg(long, value_name = "HOST[:PORT]", help_heading = HEADING)]
    plain_http: Vec<String>,
}

impl RegistryArgs {
    /// The registries without TLS.
    pub(in crate::cli) fn plain_http(&self) -> &[String] {
        &self.plain_http
    }

    /// The authorities to trust, as PEM.
    pub(in crate::cli) fn authorities(&self) -> Result<Option<Vec<u8>>, Failure> {
        self.registry_ca_file.as_ref().map(read).transpose()
    }

    /// The credentials of the flags, else those of this machine.
    pub(in crate::cli) fn credentials(&self) -> Result<Credentials, Failure> {
        Ok(match &self.registry_config {
            Some(path) => Credentials::docker_config(&path.display().to_string(), &read(path)?)?,
            None => Credentials::of_environment()?,
        })
    }

    /// A client.
    pub(in crate::cli) fn client(&self) -> Result<Client, Failure> {
        self.client_after(Credentials::default())
    }

    /// A client with these credentials, and with those of the flags where these have none.
    pub(in crate::cli) fn client_after(&self, own: Credentials) -> Result<Client, Failure> {
        let credentials = self.credentials()?;
        let authorities = self.authorities()?;
        let plain_http: BTreeSet<_> = self.plain_http.iter().cloned().collect();
        let options = Options {
            plain_http,
            credentials: own.or(credentials),
            authorities: authorities.unwrap_or_default(),
            ..Options::default()
        };
        Ok(Client::new(options)?)
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::Io(format!("cannot read {}: {error}", path.display())))
}
