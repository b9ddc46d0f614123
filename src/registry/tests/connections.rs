//! Names, connections and TLS.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::super::ErrorKind;
use super::*;

/// A server with a certificate that signs itself, and this certificate as PEM.
fn with_tls(
    name: &str,
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
) -> (Server, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().self_signed(&key).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    (Server::with_tls(config, answer), certificate.pem())
}

fn secure(authorities: &str) -> Client {
    let options = Options {
        authorities: authorities.as_bytes().to_vec(),
        patience: Duration::ZERO,
        ..Options::default()
    };
    Client::new(options).unwrap()
}

async fn kind(client: &Client, host: &str) -> ErrorKind {
    client.ping(host).await.unwrap_err().kind
}

#[tokio::test]
async fn an_authority_of_the_users_own_is_trusted_and_no_other() {
    let (server, authority) = with_tls("localhost", |_| Reply::new(200).body("{}"));
    secure(&authority).ping(&server.host).await.unwrap();
    assert_eq!(kind(&secure(""), &server.host).await, ErrorKind::Tls);
    let (other, its_authority) = with_tls("other.example", |_| Reply::new(200));
    assert_eq!(kind(&secure(&its_authority), &other.host).await, ErrorKind::Tls);
    let wrong = Options { authorities: b"no certificate".to_vec(), ..Options::default() };
    assert_eq!(Client::new(wrong).unwrap_err().kind, ErrorKind::Settings);
}

#[tokio::test]
async fn plain_http_is_only_spoken_when_it_is_allowed() {
    let server = Server::start(|_| Reply::new(200).body("{}"));
    anonymous(&server).ping(&server.host).await.unwrap();
    let asked = server.seen().len();
    assert_eq!(kind(&secure(""), &server.host).await, ErrorKind::Tls);
    assert_eq!(server.seen().len(), asked, "nothing was asked without TLS");
}

#[tokio::test]
async fn a_registry_with_tls_cannot_lead_away_from_it() {
    let plain = Server::start(|_| Reply::new(200));
    let to = plain.host.clone();
    let (server, authority) = with_tls("localhost", move |seen| match seen.target.as_str() {
        "/v2/" => Reply::new(302).with("location", format!("http://{to}/v2/")),
        _ => {
            Reply::new(401).with("www-authenticate", format!("Bearer realm=\"http://{to}/token\""))
        }
    });
    let client = secure(&authority);
    assert_eq!(kind(&client, &server.host).await, ErrorKind::Tls);
    let reference = reference(&server);
    assert_eq!(client.resolve(&reference).await.unwrap_err().kind, ErrorKind::Tls);
    assert!(plain.seen().is_empty());
}

#[tokio::test]
async fn names_addresses_and_pages_are_told_apart() {
    assert_eq!(kind(&secure(""), "no-such-host.invalid").await, ErrorKind::Name);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("127.0.0.1:{port}");
    assert_eq!(kind(&secure(""), &nobody).await, ErrorKind::Unreachable);
    assert_eq!(kind(&secure(""), "https://reg.example").await, ErrorKind::Usage);
    let page = Server::start(|_| Reply::new(200).with("content-type", "text/html").body("<html>"));
    assert_eq!(kind(&anonymous(&page), &page.host).await, ErrorKind::NotARegistry);
    let nothing = Server::start(|_| Reply::new(404));
    assert_eq!(kind(&anonymous(&nothing), &nothing.host).await, ErrorKind::NotARegistry);
}
