//! Where an API server is.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::Cluster;
use super::connect::config;
use super::error::Error;

/// Where an API server is, for a kubeconfig of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address.
    pub server: String,
    /// The certificates that it is trusted by, as PEM; without them, those of the system.
    pub authority: Option<String>,
    /// Whether its certificate is not verified.
    pub is_insecure: bool,
    /// The name in its certificate, if it is not the one in the address.
    pub tls_server_name: Option<String>,
    /// Whether it is reached through a proxy.
    pub has_proxy: bool,
}

impl Cluster {
    /// Where its API server is, as this client was told.
    ///
    /// # Errors
    /// The kubeconfig cannot be read again.
    pub async fn endpoint(&self) -> Result<Endpoint, Error> {
        let (config, _) = config(&self.connection.options).await?;
        let pem = |der: &Vec<u8>| {
            let lines: Vec<String> = BASE64_STANDARD
                .encode(der)
                .as_bytes()
                .chunks(64)
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect();
            format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                lines.join("\n")
            )
        };
        Ok(Endpoint {
            server: config.cluster_url.to_string().trim_end_matches('/').to_owned(),
            authority: config.root_cert.map(|all| all.iter().map(pem).collect()),
            is_insecure: config.accept_invalid_certs,
            tls_server_name: config.tls_server_name,
            has_proxy: config.proxy_url.is_some(),
        })
    }
}
