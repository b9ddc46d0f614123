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
use crate::proxy::tunnel;

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
/// before: by 40 ms even on one machine. A proxy is reached by the same connections.
pub(super) fn client(config: kube::Config) -> Result<kube::Client, kube::Error> {
    let tcp = tcp();
    match config.proxy_url.clone() {
        None => over(config, tcp),
        Some(proxy) if proxy.scheme_str() == Some("https") => {
            let tls = config.rustls_https_connector_with_connector(tcp)?;
            over(config, tunnel(&proxy, tls))
        }
        Some(proxy) => over(config, tunnel(&proxy, tcp)),
    }
}

/// A client whose connections go through a port of a pod, whatever address the configuration has.
pub(super) fn through(
    mut config: kube::Config,
    port: PodPort,
) -> Result<kube::Client, kube::Error> {
    config.proxy_url = None;
    over(config, port)
}

/// Connections that notice when nobody is at the other end any more.
fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    // Watches and followed logs may be silent for long: only this detects a dead connection.
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
    tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
    #[cfg(target_os = "linux")]
    tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    tcp
}

/// A client over such connections. A credential plugin has run before.
fn over<C>(config: kube::Config, connector: C) -> Result<kube::Client, kube::Error>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    let auth = config.auth_layer()?;
    let https = config.rustls_https_connector_with_connector(connector)?;
    let mut connector = TimeoutConnector::new(https);
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};

    use nix::sys::socket::{getsockopt, sockopt};

    use super::*;
    use crate::cluster::tests::server::{Server, block_on};

    /// A proxy that opens tunnels; the heads of the requests that it got.
    fn proxy() -> (u16, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&heads);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(client.try_clone().unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
                let to = head.split_whitespace().nth(1).unwrap().to_owned();
                noted.lock().unwrap().push(head);
                let server = TcpStream::connect(to).unwrap();
                (&client).write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
                let copy = |mut from: TcpStream, mut to: TcpStream| {
                    std::thread::spawn(move || std::io::copy(&mut from, &mut to))
                };
                copy(client.try_clone().unwrap(), server.try_clone().unwrap());
                copy(server, client);
            }
        });
        (port, heads)
    }

    #[test]
    fn behind_a_proxy_everything_goes_through_it_and_the_plugin_runs_once() {
        let server = Server::start();
        let (port, heads) = proxy();
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let credential = r#"{\"status\": {\"token\": \"t\"}}"#;
        let script = format!("echo run >> {}; echo '{credential}'", runs.display());
        let mut kubeconfig = server.kubeconfig(&format!(
            "{{exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, \
             command: sh, args: ['-c', \"{script}\"]}}}}"
        ));
        let address = format!("proxy-url: 'http://me:pa%40ss@127.0.0.1:{port}', server:");
        let text = std::fs::read_to_string(kubeconfig.path()).unwrap().replace("server:", &address);
        kubeconfig.as_file_mut().set_len(0).unwrap();
        std::fs::write(kubeconfig.path(), text).unwrap();
        block_on(async {
            let cluster = server.connect_with(&kubeconfig).await;
            cluster.read_path("/version").await.unwrap();
        });
        assert_eq!(server.count("GET", "/version"), 1);
        assert_eq!(std::fs::read_to_string(runs).unwrap(), "run\n");
        let heads = heads.lock().unwrap();
        assert!(heads[0].starts_with(&format!("CONNECT 127.0.0.1:{}", server.port)), "{heads:?}");
        // me:pa@ss
        assert!(
            heads[0].to_lowercase().contains("proxy-authorization: basic bwu6cgfac3m="),
            "{heads:?}"
        );
    }

    #[test]
    fn connections_are_probed_when_they_are_silent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        block_on(async {
            let stream = tcp().call(address.parse().unwrap()).await.unwrap().into_inner();
            assert!(getsockopt(&stream, sockopt::KeepAlive).unwrap());
            assert_eq!(getsockopt(&stream, sockopt::TcpKeepIdle).unwrap(), 30);
        });
    }
}
