//! The way to the API server.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use hyper::{Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

/// Where the API server is.
#[derive(Clone)]
pub(super) struct Upstream {
    host: String,
    port: u16,
    connector: TlsConnector,
}

impl Upstream {
    /// Reads the `cluster` of a kubeconfig.
    pub(super) fn new(cluster: &Value) -> Result<Self> {
        let server = cluster["server"].as_str().context("it has no `server`")?;
        let uri: Uri = server.parse().with_context(|| format!("{server} is no URL"))?;
        let host = uri.host().with_context(|| format!("{server} has no host"))?;
        let authority = cluster["certificate-authority"]
            .as_str()
            .context("it has no `certificate-authority`: a file, as the sandbox writes it")?;
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(443),
            connector: super::tls::client(Path::new(authority))?,
        })
    }

    async fn connect(&self) -> Result<SendRequest<Incoming>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(self.host.clone())?;
        let stream = TokioIo::new(self.connector.connect(name, stream).await?);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
        // It ends when its last sender is dropped; how it ends, each request learns.
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// One connection to the API server for each of a client's, opened when it is needed.
pub(super) struct Link {
    upstream: Arc<Upstream>,
    sender: Mutex<Option<SendRequest<Incoming>>>,
}

impl Link {
    pub(super) fn new(upstream: Arc<Upstream>) -> Self {
        Self { upstream, sender: Mutex::default() }
    }

    /// Passes a request on.
    pub(super) async fn send(&self, mut request: Request<Incoming>) -> Result<Response<Incoming>> {
        let Upstream { host, port, .. } = &*self.upstream;
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("https://{host}:{port}{path}").parse()?;
        for name in [HOST, CONNECTION, TRANSFER_ENCODING] {
            request.headers_mut().remove(name);
        }
        *request.version_mut() = hyper::Version::HTTP_2;
        let mut sender = self.sender().await?;
        Ok(sender.send_request(request).await?)
    }

    async fn sender(&self) -> Result<SendRequest<Incoming>> {
        let mut kept = self.sender.lock().await;
        match &*kept {
            Some(sender) if !sender.is_closed() => Ok(sender.clone()),
            _ => Ok(kept.insert(self.upstream.connect().await?).clone()),
        }
    }
}
