//! Whether Tower answers at an address, and if not, on which step of the way there.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use http::Uri;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use x509_parser::certificate::X509Certificate;

/// How long each step may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Connects to Tower as an agent does: name, TCP, TLS with the authorities of this system, then `/health`. Returns the
/// SHA-256 of the public key of the authority that signed its certificate, none without TLS.
///
/// # Errors
/// The step that failed, and why.
pub async fn dial(address: &str) -> Result<Option<String>, String> {
    let uri: Uri = address.parse().map_err(|error| format!("{address} is not a URL: {error}"))?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let has_tls = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if has_tls { 443 } else { 80 });
    let stream = connect(&host, port).await?;
    if !has_tls {
        return health(stream, &uri).await.map(|()| None);
    }
    let name =
        ServerName::try_from(host.clone()).map_err(|error| format!("TLS: {host}: {error}"))?;
    let trusted = rustls_native_certs::load_native_certs().certs;
    let handshake = connector(&trusted)?.connect(name, stream);
    let stream = within("TLS", handshake).await?.map_err(|error| format!("TLS: {error}"))?;
    let (_, session) = stream.get_ref();
    let pin = pin(session.peer_certificates().unwrap_or_default(), &trusted);
    health(stream, &uri).await?;
    Ok(pin)
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, String> {
    let found = within("DNS", tokio::net::lookup_host((host, port))).await?;
    let addresses: Vec<_> = found.map_err(|error| format!("DNS: {host}: {error}"))?.collect();
    within("TCP", TcpStream::connect(&*addresses))
        .await?
        .map_err(|error| format!("TCP: {host}:{port}: {error}"))
}

async fn within<T>(step: &str, work: impl Future<Output = T>) -> Result<T, String> {
    timeout(LIMIT, work)
        .await
        .map_err(|_| format!("{step}: no answer within {} s", LIMIT.as_secs()))
}

fn connector(trusted: &[CertificateDer<'static>]) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().cloned());
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()).into())
}

/// SHA-256 of the public key of the authority behind a chain that was verified. A certificate is renewed every few months, most
/// often with a new key; its authority stays.
fn pin(chain: &[CertificateDer<'_>], trusted: &[CertificateDer<'_>]) -> Option<String> {
    let (chain, trusted) = (parsed(chain), parsed(trusted));
    // From the end of the chain, which some servers send with its root and some without.
    let authority = chain.iter().rev().find_map(|certificate| {
        trusted.iter().find(|root| root.subject().as_raw() == certificate.issuer().as_raw())
    });
    let hash = digest::digest(&digest::SHA256, authority?.public_key().raw);
    Some(format!("sha256:{}", hex::encode(hash)))
}

fn parsed<'c>(certificates: &'c [CertificateDer<'_>]) -> Vec<X509Certificate<'c>> {
    let parse = |der: &'c CertificateDer<'_>| x509_parser::parse_x509_certificate(der).ok();
    certificates.iter().filter_map(parse).map(|(_, certificate)| certificate).collect()
}

/// Tower answers `/health` on the port on which agents connect (v0.2.2).
async fn health<S>(stream: S, uri: &Uri) -> Result<(), String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| format!("HTTP: {error}");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    // It ends when the answer is read. Its error is also that of the request.
    tokio::spawn(connection);
    let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
    let request = http::Request::get("/health").header("Host", authority);
    let request = request
        .header("Connection", "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| format!("HTTP: {error}"))?;
    let exchange = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status();
        Ok::<_, hyper::Error>((status, answer.into_body().collect().await?.to_bytes()))
    };
    let (status, body) = within("HTTP", exchange).await?.map_err(failed)?;
    if status.is_success() && body.trim_ascii() == b"OK" {
        return Ok(());
    }
    Err(format!("HTTP: /health gives {status}, so it is not Tower that answers"))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one request with this text.
    async fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn tower_says_ok() {
        let tower = server("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK\n").await;
        assert_eq!(dial(&tower).await, Ok(None));
    }

    #[tokio::test]
    async fn each_step_has_its_name() {
        let other = server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = listener.local_addr().unwrap();
        drop(listener);
        let plain = server("HTTP/1.1 400 Bad Request\r\n\r\n").await.replace("http:", "https:");
        for (address, step) in [
            ("http://name.invalid".to_owned(), "DNS: name.invalid"),
            (format!("http://{closed}"), "TCP: 127.0.0.1"),
            (plain, "TLS: "),
            (other, "HTTP: /health gives 404"),
            ("http://a b".to_owned(), "http://a b is not a URL"),
        ] {
            let error = dial(&address).await.unwrap_err();
            assert!(error.starts_with(step), "{address}: {error}");
        }
    }

    /// With and without the root in the chain, and after a renewal of the certificate.
    #[test]
    fn the_authority_is_pinned_and_not_its_certificates() {
        let authority = |name: &str| {
            let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
            parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
            let key = rcgen::KeyPair::generate().unwrap();
            let root = parameters.self_signed(&key).unwrap().der().clone();
            (root, rcgen::Issuer::new(parameters, key))
        };
        let leaf = |issuer: &rcgen::Issuer<'_, rcgen::KeyPair>| {
            let key = rcgen::KeyPair::generate().unwrap();
            let parameters = rcgen::CertificateParams::new(vec!["tower".to_owned()]).unwrap();
            parameters.signed_by(&key, issuer).unwrap().der().clone()
        };
        let (root, issuer) = authority("a");
        let (other_root, other) = authority("b");
        let trusted = [other_root, root.clone()];
        let known = pin(&[leaf(&issuer)], &trusted);
        assert!(known.is_some());
        assert_eq!(pin(&[leaf(&issuer), root], &trusted), known);
        assert_ne!(pin(&[leaf(&other)], &trusted), known);
        assert_eq!(pin(&[leaf(&other)], &trusted[1..]), None);
    }
}
