//! The HTTP client.

use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, Write};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::client::{Body, ConfigExt as _};
use tower::{BoxError, Service, ServiceBuilder};

use super::tunnel::PodPort;

/// A connection that is silent for this long is probed, and closed if nothing answers: after one minute in all, on
/// Linux at the second probe.
const KEEPALIVE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// How long sent data may remain unacknowledged before the system drops it with its connection. Otherwise it would
/// deliver a write after the end of a network failure, long after we gave the write up.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);

/// A client without Nagle's algorithm, which would delay a small request until the server acknowledges the one
/// before: by 40 ms even on one machine. With a proxy the client of the library is used.
pub(super) fn client(config: kube::Config) -> Result<kube::Client, kube::Error> {
    if config.proxy_url.is_some() {
        return kube::Client::try_from(config);
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    // Watches and followed logs may be silent for long: only this detects a dead connection.
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
    tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
    #[cfg(target_os = "linux")]
    tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    over(config, tcp)
}

/// A client whose connections go through a port of a pod, whatever address the configuration has.
pub(super) fn through(
    mut config: kube::Config,
    port: PodPort,
) -> Result<kube::Client, kube::Error> {
    config.proxy_url = None;
    over(config, port)
}

fn over<C>(mut config: kube::Config, connector: C) -> Result<kube::Client, kube::Error>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Read + Write + Connection + Unpin + Send + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    // A credential plugin gives a token or a certificate. Both the headers and the TLS configuration would run it:
    // with a token, only the headers need it.
    let auth = config.auth_layer()?;
    if auth.is_some() {
        config.auth_info.exec = None;
    }
    let mut connector =
        TimeoutConnector::new(config.rustls_https_connector_with_connector(connector)?);
    connector.set_connect_timeout(config.connect_timeout);
    let http: HttpClient<_, Body> = HttpClient::builder(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(auth)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(http);
    Ok(kube::Client::new(service, config.default_namespace))
}
