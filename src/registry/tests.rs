//! The client against servers on loopback that misbehave as real registries, proxies and networks do.

mod blobs;
mod connections;
mod logins;
mod manifests;
pub(super) mod server;

use std::time::Duration;

use super::{Client, Credentials, Descriptor, Digest, Options, Reference, Repository};
use server::{Reply, Seen, Server};

/// A client that reaches these servers without TLS.
fn client(servers: &[&Server], credentials: Credentials) -> Client {
    let options = Options {
        plain_http: servers.iter().map(|server| server.host.clone()).collect(),
        credentials,
        patience: Duration::from_secs(20),
        ..Options::default()
    };
    Client::new(options).unwrap()
}

fn anonymous(server: &Server) -> Client {
    client(&[server], Credentials::default())
}

fn repository(server: &Server) -> Repository {
    Repository::new(&server.host, "team/app").unwrap()
}

fn reference(server: &Server) -> Reference {
    Reference::tagged(repository(server), "v1").unwrap()
}

fn blob(bytes: &[u8]) -> Descriptor {
    Descriptor {
        media_type: "application/octet-stream".to_owned(),
        digest: Digest::of(bytes),
        size: bytes.len() as u64,
        platform: None,
        urls: Vec::new(),
        annotations: std::collections::BTreeMap::new(),
    }
}

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A manifest of one image with this configuration.
fn image(config: &[u8]) -> String {
    let config = blob(config);
    serde_json::json!({
        "schemaVersion": 2, "mediaType": IMAGE, "layers": [],
        "config": {"mediaType": config.media_type, "digest": config.digest.as_str(), "size": config.size},
    })
    .to_string()
}

fn manifest(text: &str) -> Reply {
    Reply::new(200)
        .with("content-type", IMAGE)
        .with("docker-content-digest", Digest::of(text.as_bytes()).to_string())
        .body(text)
}

/// A server that wants this header, and sends others to its token server.
fn asks_for(seen: &Seen, grant: &str, scope: &str) -> Option<Reply> {
    let host = seen.header("host");
    let ask = format!("Bearer realm=\"http://{host}/token\",service=\"here\",scope=\"{scope}\"");
    (seen.header("authorization") != grant).then(|| Reply::new(401).with("www-authenticate", ask))
}
