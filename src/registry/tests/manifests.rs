//! Manifests: digests, platforms, limits, and what is no manifest.

use serde_json::json;

use super::super::ErrorKind;
use super::*;

#[tokio::test]
async fn an_image_has_the_platform_of_its_configuration_and_an_index_those_it_lists() {
    let config = br#"{"os": "linux", "architecture": "arm64", "rootfs": {}}"#;
    let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {"mediaType": IMAGE, "digest": Digest::of(b"a").as_str(), "size": 1,
         "platform": {"os": "linux", "architecture": "amd64"}}]})
    .to_string();
    let copy = list.clone();
    let server = Server::start(move |seen| {
        if seen.is("GET", "/v2/team/app/blobs/") {
            return Reply::new(200).body(config.as_slice());
        }
        assert!(seen.header("accept").contains("manifest.list.v2"), "{seen:?}");
        if seen.target.ends_with("/list") {
            return Reply::new(200).with("content-type", INDEX).body(copy.as_str());
        }
        manifest(&image(config))
    });
    let client = anonymous(&server);
    let single = client.manifest(&reference(&server)).await.unwrap();
    let platforms = client.platforms(&repository(&server), &single).await.unwrap();
    assert_eq!(platforms, ["linux/arm64".parse().unwrap()]);
    let reference = Reference::tagged(repository(&server), "list").unwrap();
    let index = client.manifest(&reference).await.unwrap();
    assert_eq!(index.digest, Digest::of(list.as_bytes()));
    let platforms = client.platforms(&repository(&server), &index).await.unwrap();
    assert_eq!(platforms, ["linux/amd64".parse().unwrap()]);
}

#[tokio::test]
async fn a_registry_that_says_no_digest_is_asked_for_the_manifest() {
    let text = image(b"{}");
    let copy = text.clone();
    let server =
        Server::start(move |_| Reply::new(200).with("content-type", IMAGE).body(copy.as_str()));
    let found = anonymous(&server).resolve(&reference(&server)).await.unwrap();
    assert_eq!(found.digest, Digest::of(text.as_bytes()));
}

#[tokio::test]
async fn a_manifest_that_is_not_what_its_digest_says_is_refused() {
    let server = Server::start(|seen| {
        let said = Digest::of(b"other").to_string();
        Reply {
            headers: vec![("docker-content-digest", said)],
            ..manifest(&image(seen.target.as_bytes()))
        }
        .with("content-type", IMAGE)
    });
    let client = anonymous(&server);
    let error = client.manifest(&reference(&server)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Digest);
    let pinned = reference(&server).with_digest(Digest::of(b"wanted"));
    let error = client.resolve(&pinned).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Digest);
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_as_long_as_the_registry_says() {
    let server = Server::start(|seen| match seen.before {
        0 => Reply::new(429).with("retry-after", "1"),
        _ => manifest(&image(b"{}")),
    });
    let began = std::time::Instant::now();
    anonymous(&server).resolve(&reference(&server)).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    let busy = Server::start(|_| Reply::new(429).with("retry-after", "3600"));
    let error = anonymous(&busy).resolve(&reference(&busy)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited(Some(Duration::from_secs(3600))));
    assert_eq!(busy.seen().len(), 1, "a wait that is too long is not begun");
}

#[tokio::test]
async fn what_is_wrong_is_told_apart() {
    let said = |status: u16, body: &'static str, kind: &'static str| {
        let server =
            Server::start(move |_| Reply::new(status).with("content-type", kind).body(body));
        async move {
            let error = anonymous(&server).manifest(&reference(&server)).await.unwrap_err();
            (error.kind, error.cause)
        }
    };
    let unknown = r#"{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}"#;
    let json = "application/json";
    let expected = (ErrorKind::NotFound, "manifest unknown".to_owned());
    assert_eq!(said(404, unknown, json).await, expected);
    assert_eq!(said(404, "<html>", "text/html").await.0, ErrorKind::NotARegistry);
    assert_eq!(said(200, "<html>", "text/html").await.0, ErrorKind::NotARegistry);
    assert_eq!(said(200, "{\"schemaVersion\": 1}", json).await.0, ErrorKind::Unsupported);
    assert_eq!(said(400, "", json).await.0, ErrorKind::Refused);
    assert_eq!(said(403, "", json).await.0, ErrorKind::Denied);
}

#[tokio::test]
async fn a_server_that_fails_for_a_moment_is_asked_again() {
    let server = Server::start(|seen| match seen.before {
        0 => Reply::new(503),
        1 => Reply::new(500),
        _ => manifest(&image(b"{}")),
    });
    anonymous(&server).resolve(&reference(&server)).await.unwrap();
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_manifest_is_written_under_its_tag_and_what_the_registry_stored_is_compared() {
    let text = image(b"{}");
    let digest = Digest::of(text.as_bytes()).to_string();
    let server = Server::start(move |seen| {
        assert_eq!(seen.header("content-type"), IMAGE);
        let stored = if seen.before == 0 { digest.clone() } else { Digest::of(b"x").to_string() };
        Reply::new(201).with("docker-content-digest", stored)
    });
    let manifest = super::super::Manifest::parse(text.into(), None).unwrap();
    let client = anonymous(&server);
    client.put_manifest(&reference(&server), &manifest).await.unwrap();
    assert!(server.seen()[0].is("PUT", "/v2/team/app/manifests/v1"));
    let error = client.put_manifest(&reference(&server), &manifest).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Digest);
}
