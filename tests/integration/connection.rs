//! Kubeconfigs that cannot be used: told, and nothing of what they hold is shown.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::{Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use tempfile::NamedTempFile;

use crate::cli::ksi;

const CANARY: &str = "canary-token-of-a-kubeconfig";

/// What `ksi status` says with this kubeconfig.
fn status(kubeconfig: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    std::fs::write(&path, kubeconfig).unwrap();
    let path = path.display().to_string();
    let Output { status, stdout, stderr } =
        ksi(&["status", "--kubeconfig", &path]).output().unwrap();
    let said = [stdout, stderr].concat();
    (status.code(), String::from_utf8(said).unwrap().replace(&path, "FILE"))
}

/// A kubeconfig whose credentials come from a shell script.
fn plugin(script: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
         clusters: [{{name: a, cluster: {{server: 'https://127.0.0.1:1'}}}}]\n\
         contexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
         users: [{{name: a, user: {{exec: {{apiVersion: client.authentication.k8s.io/v1, \
         interactiveMode: Never, command: sh, args: ['-c', '{script}']}}}}}}]\n"
    )
}

/// A kubeconfig whose plugin returns this token, in a text of JSON in a text of YAML.
fn returned(token: &str) -> String {
    let credential =
        format!(r#"{{\"kind\": \"ExecCredential\", \"status\": {{\"token\": \"{token}\"}}}}"#);
    plugin("SCRIPT").replace("'SCRIPT'", &format!("\"printf %s '{credential}'\""))
}

/// A kubeconfig with this token, in a text of YAML.
fn with_token(token: &str) -> String {
    let (start, _) =
        plugin("").split_once("users:").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    format!("{start}users: [{{name: a, user: {{token: \"{token}\"}}}}]\n")
}

#[test]
fn no_error_shows_what_a_kubeconfig_or_its_plugin_holds() {
    let broken =
        format!("kind: Config\nusers:\n- name: a\n  user:\n    token: {CANARY}\n   b: [\n");
    let of_wrong_type = format!("kind: Config\nusers:\n- name: a\n  user: {{token: [{CANARY}]}}\n");
    for (kubeconfig, told) in [
        (broken, "line 6"),
        (of_wrong_type, "line 4"),
        (plugin(&format!("echo {CANARY}; echo {CANARY} >&2; exit 3")), "exit status: 3"),
        (plugin("exit 0").replace("command: sh", "command: no-such-plugin"), "no-such-plugin"),
        (plugin("echo {}"), "neither a token nor a certificate"),
        (returned(&format!("{CANARY}\\\\n")), "line break"),
        (returned(&format!("{CANARY}\\\\u0000")), "line break"),
        (with_token(&format!("{CANARY}\\n")), "line break"),
        (with_token(&format!("{CANARY}\\0")), "line break"),
        (with_token("t").replace("127.0.0.1", &format!("me:{CANARY}@127.0.0.1")), "127.0.0.1:1"),
        (
            with_token("t").replace("https://127.0.0.1", &format!("https://me:{CANARY}@ 1")),
            "invalid uri",
        ),
        (plugin(&format!("echo \"{{{CANARY}: [\"")), "credential plugin"),
    ] {
        let (code, said) = status(&kubeconfig);
        assert!(!said.contains(CANARY), "{said}");
        assert!(said.contains(told) && said.contains("help:"), "{told}: {said}");
        assert_eq!(code, Some(7), "{said}");
    }
}

#[test]
fn a_plugin_that_gives_a_token_is_run_once() {
    let (runs, credential) = (NamedTempFile::new().unwrap(), NamedTempFile::new().unwrap());
    let text = r#"{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}}"#;
    std::fs::write(credential.path(), text).unwrap();
    let (log, answer) = (runs.path().display(), credential.path().display());
    let script = format!("echo run >> {log}; cat {answer}");
    let (code, said) = status(&plugin(&script));
    assert_eq!(code, Some(7), "{said}");
    assert_eq!(std::fs::read_to_string(runs.path()).unwrap(), "run\n", "{said}");
}

/// Whether a proxy of the environment is asked for the way to an API server at 127.0.0.9.
fn asks_the_proxy(no_proxy: &str) -> bool {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    std::fs::write(
        &path,
        "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
         clusters: [{name: a, cluster: {server: 'https://127.0.0.9:1'}}]\n\
         contexts: [{name: a, context: {cluster: a, user: a}}]\n\
         users: [{name: a, user: {token: t}}]\n",
    )
    .unwrap();
    let mut child = ksi(&["status", "--kubeconfig", path.to_str().unwrap()])
        .env("HTTPS_PROXY", format!("http://{}", proxy.local_addr().unwrap()))
        .env("NO_PROXY", no_proxy)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut asked = false;
    loop {
        match proxy.accept() {
            Ok(_) => asked = true,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        if child.try_wait().unwrap().is_some() {
            return asked;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_proxy_is_left_out_for_the_servers_that_are_named() {
    assert!(asks_the_proxy(""));
    assert!(asks_the_proxy("10.0.0.0/8,example.com"));
    // Of the proxy itself it says nothing.
    assert!(asks_the_proxy("127.0.0.1"));
    assert!(!asks_the_proxy("127.0.0.9"));
    assert!(!asks_the_proxy("10.0.0.0/8,127.0.0.8/30"));
}

#[test]
fn a_proxy_that_cannot_be_used_is_not_left_out() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let kubeconfig = kubeconfig_of(server.local_addr().unwrap().port());
    for wrong in ["http://user:canary word@proxy", "socks5://canary:1080", "http://", "::"] {
        let mut command = ksi(&["status", "--kubeconfig", kubeconfig.path().to_str().unwrap()]);
        let command = command.env("HTTPS_PROXY", wrong).env("NO_PROXY", "example.com");
        let Output { status, stderr, .. } = command.output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(7), "{wrong}: {said}");
        assert!(said.contains("cannot use HTTPS_PROXY"), "{wrong}: {said}");
        assert!(said.contains("help: set it to the URL"), "{wrong}: {said}");
        assert!(!said.contains("canary"), "{wrong}: {said}");
    }
    server.set_nonblocking(true).unwrap();
    assert_eq!(server.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "it was asked directly");
}

#[test]
fn nobody_is_impersonated_by_a_name_of_blanks() {
    for wrong in ["", " ", " admin", "admin\t", "a\nb"] {
        for flags in [&["--as", wrong][..], &["--as", "a", "--as-group", wrong]] {
            let Output { status, stderr, .. } =
                ksi(&[&["status"], flags].concat()).output().unwrap();
            let said = String::from_utf8(stderr).unwrap();
            assert_eq!(status.code(), Some(2), "{flags:?}: {said}");
            assert!(said.contains("not a valid name of a user or group"), "{flags:?}: {said}");
        }
    }
}

/// A kubeconfig of a server at this port.
fn kubeconfig_of(port: u16) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\n\
         clusters: [{{name: a, cluster: {{server: 'https://127.0.0.1:{port}'}}}}]\n\
         contexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
         users: [{{name: a, user: {{token: t}}}}]\n"
    );
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn a_signal_before_the_first_answer_ends_a_run_as_any_other() {
    for (verb, sent) in [
        (&["apply", "-f", "samples/none.yaml", "--yes"][..], Signal::SIGTERM),
        (&["rollback", "--yes"], Signal::SIGHUP),
    ] {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let kubeconfig = kubeconfig_of(silent.local_addr().unwrap().port());
        let mut command = ksi(verb);
        command.arg("--kubeconfig").arg(kubeconfig.path()).stderr(Stdio::piped());
        let run = command.spawn().unwrap();
        let _open = silent.accept().unwrap();
        let pid = Pid::from_raw(i32::try_from(run.id()).unwrap());
        signal::kill(pid, sent).unwrap();
        let Output { status, stderr, .. } = run.wait_with_output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(130), "{verb:?}: {said}");
        assert!(said.contains("interrupted") && !said.contains("10 s"), "{verb:?}: {said}");
    }
}

#[test]
fn a_file_or_a_context_that_is_not_there_is_named_once() {
    let kubeconfig = kubeconfig_of(1);
    let there = kubeconfig.path().to_str().unwrap();
    for (arguments, told) in [
        (
            ["--kubeconfig", "no-such-file", "--context", "a"],
            "no-such-file cannot be read: No such",
        ),
        (["--kubeconfig", there, "--context", "nix"], "it has no context `nix`"),
    ] {
        let Output { status, stderr, .. } =
            ksi(&[&["status"], &arguments[..]].concat()).output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(7), "{said}");
        assert!(said.contains(told), "{said}");
        assert!(said.matches("no-such-file").count() <= 2, "{said}");
    }
}

#[test]
fn an_empty_kubeconfig_variable_is_none() {
    for empty in ["", ":"] {
        let home = tempfile::tempdir().unwrap();
        let mut command = ksi(&["status"]);
        command.env("KUBECONFIG", empty).env("HOME", home.path());
        let Output { status, stderr, .. } = command.output().unwrap();
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(2), "{said}");
        assert!(said.contains("no kubeconfig found"), "{said}");
    }
}
