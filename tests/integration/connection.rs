//! Kubeconfigs that cannot be used: told, and nothing of what they hold is shown.

use std::process::Output;

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

#[test]
fn no_error_shows_what_a_kubeconfig_or_its_plugin_holds() {
    let broken =
        format!("kind: Config\nusers:\n- name: a\n  user:\n    token: {CANARY}\n   b: [\n");
    let of_wrong_type = format!("kind: Config\nusers:\n- name: a\n  user: {{token: [{CANARY}]}}\n");
    for (kubeconfig, told) in [
        (broken, "line 6"),
        (of_wrong_type, "line 4"),
        (plugin(&format!("echo {CANARY}; echo log in first >&2; exit 3")), "log in first"),
        (plugin(&format!("echo \"{{{CANARY}: [\"")), "credential plugin"),
    ] {
        let (code, said) = status(&kubeconfig);
        assert!(!said.contains(CANARY), "{said}");
        assert!(said.contains(told) && said.contains("help:"), "{told}: {said}");
        assert_eq!(code, Some(7), "{said}");
    }
}
