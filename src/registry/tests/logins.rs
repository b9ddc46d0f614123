//! Tokens, passwords, and who gets to see them.

use futures_util::future::join_all;

use super::super::ErrorKind;
use super::*;

const SCOPE: &str = "repository:team/app:pull";
/// me:secret
const PASSWORD: &str = "Basic bWU6c2VjcmV0";

fn me(server: &Server) -> Credentials {
    Credentials::given(Some(&server.host), "me", "secret")
}

#[tokio::test]
async fn a_token_is_got_once_for_many_requests_and_the_registry_never_sees_the_password() {
    let server = Server::start(|seen| {
        if seen.is("GET", "/token") {
            let expected =
                format!("/token?service=here&scope={}", "repository%3Ateam%2Fapp%3Apull");
            assert_eq!(seen.target, expected);
            assert_eq!(seen.header("authorization"), PASSWORD);
            return Reply::new(200).body(r#"{"token": "t1", "expires_in": 300}"#);
        }
        asks_for(seen, "Bearer t1", SCOPE).unwrap_or_else(|| manifest(&image(b"{}")))
    });
    let client = client(&[&server], me(&server));
    let reference = reference(&server);
    let found = join_all((0..8).map(|_| client.resolve(&reference))).await;
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    assert_eq!(server.count("GET", "/token"), 1);
    let to_registry = server.seen().into_iter().filter(|seen| !seen.is("GET", "/token"));
    assert!(to_registry.into_iter().all(|seen| seen.header("authorization") != PASSWORD));
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once() {
    let server = Server::start(|seen| {
        if seen.is("GET", "/token") {
            return Reply::new(200).body(format!(r#"{{"token": "t{}"}}"#, seen.before));
        }
        let is_blob = seen.target.contains("/blobs/");
        match (seen.method.as_str(), seen.header("authorization")) {
            ("HEAD", "Bearer t0") | ("GET", "Bearer t1") if !is_blob => manifest(&image(b"{}")),
            // The user lost the right meanwhile.
            (_, "Bearer t2") => {
                let said = r#"{"errors": [{"code": "DENIED", "message": "access denied"}]}"#;
                Reply::new(403).body(said)
            }
            _ => asks_for(seen, "never", SCOPE).unwrap(),
        }
    });
    let client = client(&[&server], me(&server));
    let reference = reference(&server);
    client.resolve(&reference).await.unwrap();
    client.manifest(&reference).await.unwrap();
    assert_eq!(server.count("GET", "/token"), 2);
    let error = client.blob(&repository(&server), &blob(b"x")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.cause.starts_with("access denied"), "{error}");
    assert_eq!(server.count("GET", "/token"), 3);
}

#[tokio::test]
async fn a_password_is_sent_with_each_request_if_the_registry_wants_it_so() {
    let server = Server::start(|seen| match seen.header("authorization") {
        PASSWORD => manifest(&image(b"{}")),
        _ => Reply::new(401).with("www-authenticate", "Basic realm=\"a\""),
    });
    client(&[&server], me(&server)).resolve(&reference(&server)).await.unwrap();
    let wrong = Credentials::given(None, "me", "wrong");
    let error = client(&[&server], wrong).resolve(&reference(&server)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.cause.ends_with("(with the credentials that are given)"), "{error}");
    let error = anonymous(&server).resolve(&reference(&server)).await.unwrap_err();
    assert!(error.cause.ends_with("(without credentials)"), "{error}");
    let config = r#"{"credsStore": "desktop"}"#;
    let kept = Credentials::docker_config("config.json", config.as_bytes()).unwrap();
    let error = client(&[&server], kept).resolve(&reference(&server)).await.unwrap_err();
    assert!(error.cause.contains("its helper `desktop`, which ksi does not run"), "{error}");
}

#[tokio::test]
async fn a_token_for_tokens_is_sent_in_a_form() {
    let server = Server::start(|seen| {
        if seen.is("POST", "/token") {
            let form = String::from_utf8(seen.body.clone()).unwrap();
            assert!(
                form.contains("grant_type=refresh%5Ftoken") && form.contains("refresh_token=r1")
            );
            return Reply::new(200).body(r#"{"access_token": "t1"}"#);
        }
        asks_for(seen, "Bearer t1", SCOPE).unwrap_or_else(|| manifest(&image(b"{}")))
    });
    let config = format!(r#"{{"auths": {{"{}": {{"identitytoken": "r1"}}}}}}"#, server.host);
    let identity = Credentials::docker_config("config.json", config.as_bytes()).unwrap();
    client(&[&server], identity).resolve(&reference(&server)).await.unwrap();
}

#[tokio::test]
async fn a_token_for_tokens_does_not_follow_to_another_host() {
    let thief = Server::start(|_| Reply::new(200).body(r#"{"access_token": "t1"}"#));
    let elsewhere = thief.host.clone();
    let server = Server::start(move |seen| {
        if seen.is("POST", "/token") {
            return Reply::new(307).with("location", format!("http://{elsewhere}/token"));
        }
        asks_for(seen, "Bearer t1", SCOPE).unwrap_or_else(|| manifest(&image(b"{}")))
    });
    let config = format!(r#"{{"auths": {{"{}": {{"identitytoken": "r1"}}}}}}"#, server.host);
    let identity = Credentials::docker_config("config.json", config.as_bytes()).unwrap();
    let client = client(&[&server, &thief], identity);
    let error = client.resolve(&reference(&server)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotARegistry, "{error}");
    assert!(error.cause.contains("redirects a login to another host"), "{error}");
    assert_eq!(thief.seen().len(), 0);
}

#[tokio::test]
async fn credentials_never_follow_to_another_host() {
    let content = b"layer".as_slice();
    let store = Server::start(move |_| Reply::new(200).body(content));
    let elsewhere = store.host.clone();
    let server = Server::start(move |seen| match seen.header("authorization") {
        PASSWORD => Reply::new(307).with("location", format!("http://{elsewhere}/signed?x=1")),
        _ => Reply::new(401).with("www-authenticate", "Basic realm=\"a\""),
    });
    let client = client(&[&server, &store], me(&server));
    let blob = client.blob(&repository(&server), &blob(content)).await.unwrap();
    assert_eq!(blob.bytes().await.unwrap(), content);
    let seen = store.seen();
    assert_eq!((seen.len(), seen[0].target.as_str()), (1, "/signed?x=1"));
    assert_eq!(seen[0].header("authorization"), "");
}

#[tokio::test]
async fn credentials_do_not_answer_another_host_that_asks_for_them() {
    let thief =
        Server::start(|seen| asks_for(seen, "never", SCOPE).unwrap_or_else(|| Reply::new(200)));
    let elsewhere = thief.host.clone();
    let server = Server::start(move |seen| {
        let to = format!("http://{elsewhere}{}", seen.target);
        Reply::new(307).with("location", to)
    });
    let credentials = Credentials::given(None, "me", "secret");
    let error = client(&[&server], credentials).resolve(&reference(&server)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(thief.seen().iter().all(|seen| seen.header("authorization").is_empty()));
    assert_eq!(thief.count("GET", "/token"), 0);
}
