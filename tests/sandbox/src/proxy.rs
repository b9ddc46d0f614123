//! An HTTPS proxy in front of an API server, or of a registry, that breaks chosen requests.
//!
//! A program under test gets [`FaultProxy::kubeconfig`] and talks to the proxy as it would to the API
//! server: HTTP/1.1 or HTTP/2, watches too. Without rules everything passes. What cannot pass is an
//! upgraded connection (exec, port-forward). [`FaultProxy::seen`] tells what came by.

mod answer;
mod connection;
mod fault;
mod passage;
mod record;
mod request;
mod rule;
mod tls;
mod upstream;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::sync::oneshot;

pub use fault::{Fault, Gate, Victim};
pub use record::Seen;
pub use rule::{Match, Nth, Rule};

use crate::pki::write_private;
use crate::process::wait_until;
use record::Book;
use upstream::Upstream;

/// A running proxy; it ends when it is dropped, with every connection through it.
pub struct FaultProxy {
    address: SocketAddr,
    kubeconfig: PathBuf,
    book: Arc<Book>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FaultProxy {
    /// Starts one in front of the API server of a kubeconfig that the sandbox wrote. It listens on
    /// loopback, and writes its authority and `proxy.kubeconfig` into `folder`.
    ///
    /// # Errors
    /// The kubeconfig cannot be read, or the folder cannot be written.
    pub fn start(kubeconfig: &Path, folder: &Path) -> Result<Self> {
        let text = fs::read(kubeconfig)
            .with_context(|| format!("cannot read {}", kubeconfig.display()))?;
        let mut config: Value = serde_json::from_slice(&text).with_context(|| {
            format!("{} is not JSON, as the sandbox writes it", kubeconfig.display())
        })?;
        let cluster = &mut config["clusters"][0]["cluster"];
        let upstream = Upstream::new(cluster)
            .with_context(|| format!("cannot use the cluster of {}", kubeconfig.display()))?;
        let proxy = Self::before(upstream, folder)?;
        *cluster = json!({
            "server": format!("https://{}", proxy.address),
            "certificate-authority": proxy.authority(),
        });
        write_private(proxy.kubeconfig(), &serde_json::to_string_pretty(&config)?)?;
        Ok(proxy)
    }

    /// Starts one in front of any HTTPS server that speaks HTTP/2 and whose certificate is of this authority.
    ///
    /// # Errors
    /// The authority cannot be read, or the folder cannot be written.
    pub fn start_before(server: &str, authority: &Path, folder: &Path) -> Result<Self> {
        let upstream =
            Upstream::new(&json!({"server": server, "certificate-authority": authority}))?;
        Self::before(upstream, folder)
    }

    fn before(upstream: Upstream, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let (acceptor, authority) = tls::server()?;
        fs::write(folder.join("proxy-ca.crt"), authority)?;
        let socket = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let book = Arc::new(Book::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let shared = book.clone();
        let thread = thread::Builder::new().name("fault-proxy".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = connection::listen(socket, acceptor, upstream, shared) => {}
                    _ = stopped => {}
                }
            });
        })?;
        let kubeconfig = folder.join("proxy.kubeconfig");
        Ok(Self { address, kubeconfig, book, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The file of the authority that its certificate is of.
    pub fn authority(&self) -> PathBuf {
        self.kubeconfig.with_file_name("proxy-ca.crt")
    }

    /// The kubeconfig that leads through the proxy; users and their tokens are the original's.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Replaces the rules; counting starts again, what was seen stays.
    pub fn set(&self, rules: impl IntoIterator<Item = Rule>) {
        self.book.set(rules.into_iter().collect());
    }

    /// Every request in the order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        self.book.seen()
    }

    /// The requests that change the cluster: no dry runs, no access reviews.
    pub fn writes(&self) -> Vec<Seen> {
        self.book.seen().into_iter().filter(Seen::is_write).collect()
    }

    /// Forgets what was seen.
    pub fn forget(&self) {
        self.book.forget();
    }

    /// Waits until one of the requests that were seen is as asked.
    ///
    /// # Errors
    /// None is within 30 seconds.
    pub fn wait_for(&self, what: &str, mut check: impl FnMut(&Seen) -> bool) -> Result<()> {
        let limit = std::time::Duration::from_secs(30);
        wait_until(what, limit, || Ok(self.book.seen().iter().any(&mut check)))
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it was printed already.
            let _ = thread.join();
        }
    }
}
