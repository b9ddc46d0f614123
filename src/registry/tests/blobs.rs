//! Blobs: broken connections, wrong bytes, uploads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream;
use hyper::body::Bytes;

use super::super::{Error, ErrorKind, Source};
use super::*;

const CONTENT: &[u8] = b"0123456789";

#[tokio::test]
async fn a_download_continues_where_the_connection_broke() {
    for ranges in [true, false] {
        let server = Server::start(move |seen| {
            if seen.before == 0 {
                return Reply { length: Some(10), ..Reply::new(200).body(&CONTENT[..4]) };
            }
            assert_eq!(seen.header("range"), "bytes=4-");
            if ranges {
                let rest = Reply::new(206).with("content-range", "bytes 4-9/10");
                return rest.body(&CONTENT[4..]);
            }
            Reply::new(200).body(CONTENT)
        });
        let blob = anonymous(&server).blob(&repository(&server), &blob(CONTENT)).await.unwrap();
        assert_eq!(blob.bytes().await.unwrap(), CONTENT);
        assert_eq!(server.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_download_that_never_gets_further_ends() {
    let server = Server::start(|seen| match seen.before {
        0 => Reply { length: Some(10), ..Reply::new(200).body(&CONTENT[..4]) },
        _ => Reply { length: Some(6), ..Reply::new(206).with("content-range", "bytes 4-9/10") },
    });
    let blob = anonymous(&server).blob(&repository(&server), &blob(CONTENT)).await.unwrap();
    let error = blob.bytes().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(error.cause.ends_with("after 4 of 10 bytes"), "{error}");
}

#[tokio::test]
async fn wrong_bytes_are_never_given_out_as_a_whole() {
    for served in ["9876543210", "01234567890"] {
        let server = Server::start(move |_| Reply::new(200).body(served));
        let mut blob = anonymous(&server).blob(&repository(&server), &blob(CONTENT)).await.unwrap();
        let error = blob.next().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Digest);
        assert!(blob.next().await.unwrap().is_none(), "it has ended");
    }
    let server = Server::start(|_| Reply::new(206).with("content-range", "bytes 7-9/10"));
    let error = anonymous(&server).blob(&repository(&server), &blob(CONTENT)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Digest);
}

#[tokio::test]
async fn an_empty_blob_ends_at_once() {
    let server = Server::start(|_| Reply::new(200));
    let blob = anonymous(&server).blob(&repository(&server), &blob(b"")).await.unwrap();
    assert!(blob.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_blob_that_is_not_there_has_no_size() {
    let server = Server::start(|seen| {
        if seen.target.ends_with(Digest::of(CONTENT).as_str()) {
            Reply { length: Some(10), ..Reply::new(200) }
        } else {
            Reply::new(404)
        }
    });
    let client = anonymous(&server);
    let size = |bytes: &[u8]| {
        let (client, repository, digest) = (client.clone(), repository(&server), Digest::of(bytes));
        async move { client.blob_size(&repository, &digest).await.unwrap() }
    };
    assert_eq!(size(CONTENT).await, Some(10));
    assert_eq!(size(b"x").await, None);
}

/// The content in two pieces.
fn source() -> Source {
    let pieces = [&CONTENT[..5], &CONTENT[5..]].map(|piece| Ok(Bytes::from_static(piece)));
    Box::pin(stream::iter(pieces))
}

#[tokio::test]
async fn an_upload_begins_again_after_a_failure_of_the_registry() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "POST" => Reply::new(202).with("location", format!("/upload/{}?s=1", seen.before)),
        "PATCH" if seen.target.starts_with("/upload/0") => Reply::new(500),
        "PATCH" => {
            assert_eq!(seen.body, CONTENT);
            Reply::new(202).with("location", "/upload/1?s=2")
        }
        _ => Reply::new(201),
    });
    let opened = Arc::new(AtomicUsize::new(0));
    let open = || {
        opened.fetch_add(1, Ordering::Relaxed);
        async { Ok(source()) }
    };
    let pushed = anonymous(&server).push_blob(&repository(&server), &blob(CONTENT), open).await;
    pushed.unwrap();
    assert_eq!(opened.load(Ordering::Relaxed), 2);
    let digest = Digest::of(CONTENT).to_string().replace(':', "%3A");
    assert_eq!(server.count("PUT", &format!("/upload/1?s=2&digest={digest}")), 1);
}

#[tokio::test]
async fn a_source_that_fails_is_the_cause_of_the_error() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "POST" => Reply::new(202).with("location", "/upload/1"),
        _ => Reply::new(201),
    });
    let failing = || async {
        let error = Error::new(ErrorKind::Source, "read", "a.tar", "the disk is broken");
        let pieces = [Ok(Bytes::from_static(CONTENT)), Err(error)];
        Ok(Box::pin(stream::iter(pieces)) as Source)
    };
    let pushed = anonymous(&server).push_blob(&repository(&server), &blob(CONTENT), failing).await;
    assert_eq!(pushed.unwrap_err().to_string(), "cannot read a.tar: the disk is broken");
    assert_eq!(server.count("PUT", "/"), 0, "nothing half is kept");
}

#[tokio::test]
async fn an_upload_to_another_host_has_no_credentials() {
    let store = Server::start(|_| Reply::new(201));
    let elsewhere = store.host.clone();
    let server = Server::start(move |seen| match seen.header("authorization") {
        "" => Reply::new(401).with("www-authenticate", "Basic realm=\"a\""),
        _ => Reply::new(202).with("location", format!("http://{elsewhere}/upload/1")),
    });
    let credentials = Credentials::given(Some(&server.host), "me", "secret");
    let client = client(&[&server, &store], credentials);
    let open = || async { Ok(source()) };
    client.push_blob(&repository(&server), &blob(CONTENT), open).await.unwrap();
    let methods: Vec<String> = store.seen().iter().map(|seen| seen.method.clone()).collect();
    assert_eq!(methods, ["PATCH", "PUT"]);
    assert!(store.seen().iter().all(|seen| seen.header("authorization").is_empty()));
}

#[tokio::test]
async fn a_blob_is_mounted_or_the_upload_in_its_place_is_ended() {
    let server = Server::start(|seen| match seen.method.as_str() {
        "GET" => {
            let both = seen.target.matches("scope=repository").count();
            assert_eq!(both, 2, "{}", seen.target);
            Reply::new(200).body(r#"{"token": "t1", "expires_in": 300}"#)
        }
        "POST" if seen.target.contains("from=team%2Fother") => {
            asks_for(seen, "Bearer t1", "").unwrap_or_else(|| Reply::new(201))
        }
        "POST" => asks_for(seen, "Bearer t1", "")
            .unwrap_or_else(|| Reply::new(202).with("location", "/upload/1")),
        _ => Reply::new(204),
    });
    let client = anonymous(&server);
    let mount = |path: &str| {
        let from = Repository::new(&server.host, path).unwrap();
        let (client, to) = (client.clone(), repository(&server));
        async move { client.mount(&to, &Digest::of(CONTENT), &from).await.unwrap() }
    };
    assert!(mount("team/other").await);
    assert_eq!(server.count("DELETE", "/"), 0);
    assert!(!mount("foreign/app").await);
    assert_eq!(server.count("DELETE", "/upload/1"), 1);
}
