//! The servers of the controller: the admission webhook, and probes and metrics.
//!
//! ```text
//! Servers::bind ──► Servers::run ──┬─ http     /livez /readyz /metrics                    telemetry
//!                                  ├─ webhook  /validate over TLS                         admission
//!                                  └─ upkeep   certificate in its Secret, renewed in time;
//!                                              the webhook configuration that names both  values, cluster
//! ```
//!
//! Two controllers at once would write the same registration.

mod certificate;
mod connection;
mod expiry;
mod note;
mod probes;
mod registration;
mod tls;
mod upkeep;
mod webhook;

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub use self::certificate::SECRET as CERTIFICATE_SECRET;
pub use self::note::Note;
pub use self::registration::NAME as WEBHOOK_CONFIGURATION;
use self::tls::Serving;
use self::upkeep::Upkeep;
use crate::cluster::Cluster;
use crate::engine::Stop;
use crate::telemetry::{Readiness, Telemetry};

/// Where the servers listen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Probes and metrics; `None` for no such server.
    pub http: Option<SocketAddr>,
    /// The admission webhook; `None` for no such server.
    pub webhook: Option<SocketAddr>,
}

/// Why the servers do not listen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is in use, or not of this machine.
    #[error("cannot listen on {address} for {name}: {cause}")]
    Address {
        /// The server.
        name: &'static str,
        /// Where.
        address: SocketAddr,
        /// Why not.
        cause: std::io::Error,
    },
    /// The TLS library refuses.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

/// Servers that listen and do not answer yet.
pub struct Servers {
    http: Option<TcpListener>,
    webhook: Option<TcpListener>,
    /// The certificate of the webhook.
    serving: Serving,
    acceptor: TlsAcceptor,
    telemetry: Telemetry,
    readiness: Readiness,
}

impl Servers {
    /// Listens.
    ///
    /// # Errors
    /// An address is not free, or not of this machine.
    pub async fn bind(
        addresses: Addresses,
        telemetry: Telemetry,
        readiness: Readiness,
    ) -> Result<Self, Error> {
        let http = listen("http", addresses.http, &readiness).await?;
        let webhook = listen("webhook", addresses.webhook, &readiness).await?;
        let serving = Serving::default();
        let acceptor = serving.acceptor()?;
        Ok(Self { http, webhook, serving, acceptor, telemetry, readiness })
    }

    /// Where they listen: with port 0 the system chose one.
    pub fn addresses(&self) -> Addresses {
        let of = |listener: &Option<TcpListener>| listener.as_ref()?.local_addr().ok();
        Addresses { http: of(&self.http), webhook: of(&self.webhook) }
    }

    /// Answers until the stop is requested. What happens is told to `note`.
    pub async fn run(self, cluster: &Cluster, note: &dyn Fn(Note), stop: &Stop) {
        let Self { http, webhook, serving, acceptor, telemetry, readiness } = self;
        let probes = async {
            if let Some(listener) = http {
                let answers = probes::serve(listener, telemetry.clone(), readiness);
                futures_util::join!(answers, expiry::follow(cluster, &telemetry, note));
            }
        };
        let admission = async {
            if let Some(listener) = webhook {
                let answers = webhook::serve(listener, acceptor, telemetry.clone());
                let upkeep = Upkeep { cluster, serving: &serving, telemetry: &telemetry, note };
                futures_util::join!(answers, upkeep.keep());
            }
        };
        tokio::select! {
            _ = futures_util::future::join(probes, admission) => stop.requested().await,
            () = stop.requested() => {}
        }
    }
}

async fn listen(
    name: &'static str,
    address: Option<SocketAddr>,
    readiness: &Readiness,
) -> Result<Option<TcpListener>, Error> {
    let Some(address) = address else { return Ok(None) };
    let listener = match TcpListener::bind(address).await {
        // A machine without IPv6 has no such address.
        Err(_) if address.ip() == IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await
        }
        listener => listener,
    };
    let listener = listener.map_err(|cause| Error::Address { name, address, cause })?;
    readiness.set(name, true);
    Ok(Some(listener))
}
