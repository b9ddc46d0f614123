//! Connections to registries: names, proxies, TLS.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{Request, Response, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Bytes, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;

use super::error::{Error, ErrorKind};
use super::names::Names;
use crate::proxy;

/// The body of a request.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;
/// A client for one server.
pub(super) type Http =
    BoxCloneSyncService<Request<Body>, Response<Incoming>, hyper_util::client::legacy::Error>;

/// A connection that is not used for this long is closed before a load balancer does it.
const IDLE: Duration = Duration::from_secs(30);
/// What is read at once: enough for a fast network, and little for many streams.
const BUFFER: usize = 128 * 1024;

/// Where connections come from.
#[derive(Clone)]
pub(super) struct Dialer {
    authorities: Arc<[CertificateDer<'static>]>,
    tls: Arc<OnceLock<ClientConfig>>,
    limit: Duration,
}

impl Dialer {
    /// With these authorities beside those of the system, as PEM, and this limit for a connection.
    pub(super) fn new(authorities: &[u8], limit: Duration) -> Result<Self, Error> {
        let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(authorities).collect();
        let authorities = parsed.ok().filter(|all| authorities.is_empty() || !all.is_empty());
        let authorities = authorities
            .ok_or_else(|| settings("the authorities", "they are not certificates in PEM"))?;
        Ok(Self { authorities: authorities.into(), tls: Arc::default(), limit })
    }

    /// A client for the server of this address, through the proxy of the environment.
    pub(super) fn client(&self, server: &Uri) -> Result<Http, Error> {
        let tcp = self.tcp();
        if server.scheme_str() == Some("http") {
            // Inside a network: no proxy for HTTPS is asked to tunnel to it.
            return Ok(client(tcp));
        }
        let proxy = proxy::of_environment(server).map_err(|proxy::Unusable(variable)| Error {
            help: proxy::HELP.to_owned(),
            ..settings(variable, "it is not the URL of an HTTP proxy")
        })?;
        Ok(match proxy {
            None => client(self.https(tcp)?),
            Some(proxy) if proxy.scheme_str() == Some("https") => {
                client(self.https(proxy::tunnel(&proxy, self.https(tcp)?))?)
            }
            Some(proxy) => client(self.https(proxy::tunnel(&proxy, tcp))?),
        })
    }

    fn tcp(&self) -> HttpConnector<Names> {
        let mut tcp = HttpConnector::new_with_resolver(Names(self.limit));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(self.limit));
        tcp
    }

    fn https<C>(&self, connector: C) -> Result<HttpsConnector<C>, Error> {
        let tls = if let Some(tls) = self.tls.get() { tls.clone() } else { self.tls()? };
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
        Ok(builder.https_or_http().enable_http1().wrap_connector(connector))
    }

    fn tls(&self) -> Result<ClientConfig, Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(self.authorities.iter().cloned());
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| settings("TLS", &error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(self.tls.get_or_init(|| config).clone())
    }
}

fn settings(place: &str, cause: &str) -> Error {
    Error::new(ErrorKind::Settings, "use", place, cause)
}

fn client<C>(connector: C) -> Http
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let mut builder = Client::builder(TokioExecutor::new());
    builder.pool_idle_timeout(IDLE).pool_timer(hyper_util::rt::TokioTimer::new());
    builder.http1_max_buf_size(BUFFER);
    BoxCloneSyncService::new(builder.build::<_, Body>(connector))
}

/// Sends one request.
pub(super) async fn send(
    http: Http,
    request: Request<Body>,
) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
    http.oneshot(request).await
}
