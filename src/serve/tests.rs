use std::sync::Arc;

use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;
use crate::target::SystemEntropy;
use crate::values::{self, Admission, StoredValues};

fn admission() -> Admission {
    let now = std::time::SystemTime::now();
    values::admission(&StoredValues::default(), &mut SystemEntropy, now).unwrap().0
}

/// The webhook on a port of this machine, for as long as the test lasts.
async fn webhook() -> (SocketAddr, Serving, Telemetry) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (serving, telemetry) = (Serving::default(), Telemetry::new("test"));
    tokio::spawn(webhook::serve(listener, serving.acceptor().unwrap(), telemetry.clone()));
    (address, serving, telemetry)
}

fn client(authority: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// Status and text of an answer, as the API server would ask.
async fn asked(
    address: SocketAddr,
    authority: &str,
    request: Request<Full<Bytes>>,
) -> Result<(u16, String), String> {
    let name = ServerName::try_from("ks-installer.kubesphere-system.svc").unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let stream = client(authority).connect(name, stream).await.map_err(|e| e.to_string())?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(|e| e.to_string())?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes();
    Ok((status, String::from_utf8(body.to_vec()).unwrap()))
}

fn post(path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::post(path).header("host", "ks-installer").body(Full::new(body.into())).unwrap()
}

fn review(spec: &Value) -> String {
    let object = json!({
        "apiVersion": "installer.kubesphere.io/v1alpha1", "kind": "ClusterConfiguration",
        "metadata": {"name": "ks-installer", "namespace": "kubesphere-system"}, "spec": spec,
    });
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {"uid": "u-1", "object": object, "oldObject": null},
    })
    .to_string()
}

#[tokio::test]
async fn the_webhook_answers_over_tls_and_counts() {
    let (address, serving, telemetry) = webhook().await;
    let made = admission();
    serving.set(&made.serving).unwrap();
    let wrong = json!({"multicluster": {"clusterrole": "host"}});
    let asking = asked(address, &made.authority, post("/validate", review(&wrong)));
    let (status, text) = asking.await.unwrap();
    assert_eq!(status, 200, "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["response"]["allowed"], false, "{text}");
    let counted = telemetry.text(std::time::SystemTime::now());
    assert!(counted.contains(r#"ksi_admission_requests_total{verdict="refused"} 1"#), "{counted}");

    for (request, expected) in [
        (post("/other", review(&wrong)), 404),
        (post("/validate", "no review"), 400),
        (post("/validate", vec![b' '; (8 << 20) + 1]), 413),
        (Request::get("/validate").header("host", "a").body(Full::default()).unwrap(), 405),
    ] {
        match asked(address, &made.authority, request).await {
            Ok((status, text)) => assert_eq!(status, expected, "{text}"),
            // The rest of what is too large is not read.
            Err(error) => assert_eq!(expected, 413, "{error}"),
        }
    }
}

#[tokio::test]
async fn a_certificate_is_exchanged_while_the_webhook_serves() {
    let (address, serving, _) = webhook().await;
    let (first, second) = (admission(), admission());
    let ask = |made: &Admission| {
        let authority = made.authority.clone();
        async move { asked(address, &authority, post("/validate", review(&json!({})))).await }
    };
    // Without one no connection is opened.
    ask(&first).await.unwrap_err();
    serving.set(&first.serving).unwrap();
    assert_eq!(ask(&first).await.unwrap().0, 200);
    serving.set(&second.serving).unwrap();
    assert_eq!(ask(&second).await.unwrap().0, 200);
    ask(&first).await.unwrap_err();
    let broken = values::Certificate { key: first.serving.key.clone(), ..second.serving.clone() };
    serving.set(&broken).unwrap_err();
    assert_eq!(ask(&second).await.unwrap().0, 200);
}

#[tokio::test]
async fn probes_follow_what_has_to_be_there() {
    let (telemetry, readiness) = (Telemetry::new("test"), Readiness::default());
    readiness.await_for("watches");
    let local = Some("127.0.0.1:0".parse().unwrap());
    let addresses = Addresses { http: local, webhook: None };
    let servers = Servers::bind(addresses, telemetry, readiness.clone()).await.unwrap();
    let address = servers.addresses().http.unwrap();
    // A second one does not get the same address.
    let taken = Addresses { http: Some(address), webhook: None };
    let error = Servers::bind(taken, Telemetry::new("test"), Readiness::default()).await;
    let error = error.err().unwrap().to_string();
    assert!(error.contains(&address.to_string()), "{error}");
    let Servers { http, telemetry, readiness: shared, .. } = servers;
    tokio::spawn(probes::serve(http.unwrap(), telemetry, shared));
    let get = async |path: &str| {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request =
            Request::get(path).header("host", "a").body(Full::<Bytes>::default()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    assert_eq!(get("/livez").await.0, 200);
    assert_eq!(get("/readyz").await, (503, "[+]http ok\n[-]watches not ready\n".to_owned()));
    readiness.set("watches", true);
    assert_eq!(get("/readyz").await.0, 200);
    let (status, metrics) = get("/metrics").await;
    assert!(status == 200 && metrics.ends_with("# EOF\n"), "{metrics}");
    assert_eq!(get("/").await.0, 404);
}
