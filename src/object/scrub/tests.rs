use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};

use super::*;

fn clean(text: &str) -> String {
    Scrubber::new().text(text)
}

#[test]
fn patterns_hide_what_looks_like_a_secret() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl-_x";
    let hash = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
    for (text, expected) in [
        (format!("got token {jwt} from x"), "got token *** from x".to_owned()),
        (format!("hash is {hash}."), "hash is ***".to_owned()),
        ("Authorization: Bearer abcdef.ghij x".into(), "Authorization: Bearer *** x".into()),
        ("\"Authorization\":\"Basic YWJj\"".into(), "\"Authorization\":\"Basic ***\"".into()),
        ("dial redis://:hunter2@redis:6379/0".into(), "dial redis://***@redis:6379/0".into()),
        ("password=hunter2&x=1".into(), "password=***&x=1".into()),
        ("jwtSecret: \"a b\" next".into(), "jwtSecret: \"***\" next".into()),
        (r#"{"password":"hun\"ter2","a":"b"}"#.into(), r#"{"password":"***","a":"b"}"#.into()),
        (
            r#"msg="{\"token\":\"abc\",\"a\":1}""#.into(),
            r#"msg="{\"token\":\"***\",\"a\":1}""#.into(),
        ),
        ("run --token hunter2 --v 4".into(), "run --token *** --v 4".into()),
        ("--requirepass=hunter2".into(), "--requirepass=***".into()),
        (
            format!(
                "key: {}",
                BASE64_STANDARD.encode("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIE\n")
            ),
            "key: ***".into(),
        ),
    ] {
        assert_eq!(clean(&text), expected, "{text}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "secretName: host-ca",
        "automountServiceAccountToken: false",
        "imagePullSecrets: []",
        "secret:",
        "token: ",
        "--token-file=/var/run/token",
        "Secret \"kubesphere-secret\" not found",
        "basic authentication is off",
        "2026-11-21T16:20:01Z INFO ready on http://host:80/path",
        "image: r/i:v1@sha256:0123456789abcdef",
    ] {
        assert_eq!(clean(text), text);
    }
    let certificate =
        BASE64_STANDARD.encode("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----\n");
    assert_eq!(clean(&format!("caBundle: {certificate}")), format!("caBundle: {certificate}"));
}

#[test]
fn private_keys_go_over_lines() {
    let text = "a\n  -----BEGIN ENCRYPTED PRIVATE KEY-----\n  MHcCAQEE\n  -----END ENCRYPTED PRIVATE KEY-----\nb\n";
    assert_eq!(clean(text), "a\n  ***\n***\n***\nb\n");
    let one = "x -----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY----- y\nz";
    assert_eq!(clean(one), "x *** y\nz");
    let endless = format!("-----BEGIN PRIVATE KEY-----\n{}last", "x\n".repeat(300));
    assert!(clean(&endless).ends_with("x\nlast"));
}

#[test]
fn known_values_are_hidden_in_every_spelling() {
    let secret = "c4nary\"/+?value§";
    let scrubber = Scrubber::knowing([secret.as_bytes(), b"tiny"]);
    let percent = "c4nary%22%2F%2B%3Fvalue%C2%A7";
    let mut spellings =
        vec![secret.to_owned(), percent.to_owned(), "c4nary\\\"/+?value§".to_owned()];
    for before in ["", "a", "ab", "user:"] {
        let text = format!("{before}{secret} and more");
        spellings.push(BASE64_STANDARD.encode(&text));
        spellings.push(BASE64_URL_SAFE_NO_PAD.encode(&text));
    }
    for spelling in spellings {
        let clean = scrubber.text(&format!("x {spelling} y"));
        assert!(clean.contains("***") && clean.len() < spelling.len() + 4, "{spelling}: {clean}");
    }
    assert_eq!(scrubber.text("tiny words stay"), "tiny words stay");
    assert!(!format!("{scrubber:?}").contains("c4nary"));
}

#[test]
fn secrets_inside_of_secrets_are_known() {
    let registry = r#"{"auths":{"r.local":{"username":"me","password":"pa55word","auth":"bWU6cGE1NXdvcmQ="}}}"#;
    let kubeconfig = "users:\n- name: a\n  user:\n    token: t0ken-of-a-member\n";
    let scrubber = Scrubber::knowing([registry.as_bytes(), kubeconfig.as_bytes()]);
    for text in ["pa55word", "bWU6cGE1NXdvcmQ=", "t0ken-of-a-member"] {
        assert_eq!(scrubber.text(&format!("<{text}>")), "<***>");
    }
    let pem = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\n-----END PRIVATE KEY-----\n";
    assert_eq!(Scrubber::knowing([pem.as_bytes()]).text("x MIIEvQIBADANBgkq"), "x ***");
}

#[test]
fn what_is_secret_in_name_only_does_not_hide_names() {
    let scrubber = Scrubber::knowing([&b"kubesphere"[..]]);
    assert_eq!(scrubber.text("kubesphere-system"), "kubesphere-system");
}

/// Lines as KubeSphere, KubeFed, kubelet and API server write them, and events of Kubernetes.
#[test]
fn true_log_lines_stay() {
    let lines = include_str!("../../../tests/fixtures/logs/harmless.txt");
    let changed: Vec<(&str, String)> = lines
        .lines()
        .map(|line| (line, clean(line)))
        .filter(|(line, clean)| line != clean)
        .collect();
    assert!(lines.lines().count() >= 80);
    assert!(changed.is_empty(), "{changed:#?}");
}

#[test]
fn secrets_in_every_form_are_hidden() {
    let lines = include_str!("../../../tests/fixtures/logs/secrets.txt");
    let shown: Vec<String> = lines
        .lines()
        .map(clean)
        .filter(|line| line.to_ascii_lowercase().contains("canary"))
        .collect();
    assert!(lines.lines().count() >= 60);
    assert!(shown.is_empty(), "{shown:#?}");
}

/// However a line goes on, nothing of it is lost but its secrets, and no character is cut.
#[test]
fn any_text_can_be_searched() {
    for text in [
        "password=",
        "token: \"",
        "\"auth\":[",
        "密码 password=密码",
        "Token set to ",
        "é:é@tcp(",
        "--token",
        "://",
        "://@",
        "Authorization:",
        "\\npassword:\\n",
        "password \"",
        "name: PASSWORD, value:",
    ] {
        for end in (0..=text.len()).filter(|end| text.is_char_boundary(*end)) {
            clean(&text[..end]);
        }
    }
}
