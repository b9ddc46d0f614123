//! A host, by the commands of the guides.

use std::time::Duration;

use sandbox::audit;
use sandbox::process::wait_until;

use super::{LOGS, PAGE, Terminal, sandbox};
use crate::hands::{Hands as _, SYSTEM};
use crate::installed::{ACCOUNT, Said, ksi};

const CHANGED: &str = "http://139.198.120.120:8080";

#[test]
fn a_host_is_installed_changed_and_looked_at_by_the_commands_of_the_guides() {
    let Some(sandbox) = sandbox(5, "host") else { return };
    let terminal = Terminal::at(&sandbox.cluster("host").unwrap());
    let since = terminal.mark();
    assert!(PAGE.lines().any(|line| line == LOGS[0]), "docs/controller.md has no `{}`", LOGS[0]);

    // Two files.
    terminal.documented("kubectl apply -k deploy/");
    terminal.documented(
        "kubectl -n kubesphere-system rollout status deployment ks-installer --timeout=120s",
    );
    terminal.documented("kubectl apply -f samples/host.yaml");
    let log = terminal.follow(LOGS[0], "Welcome to KubeSphere!", Duration::from_secs(400));
    eprintln!("{log}");
    terminal.run(
        "kubectl wait --for=condition=Ready cc/ks-installer -n kubesphere-system --timeout=60s",
    );
    // Later readers see it, too, and those of older guides.
    terminal.follow(LOGS[1], "Welcome to KubeSphere!", Duration::from_secs(20));
    let shown = terminal.documented("kubectl get cc -n kubesphere-system");
    let row: Vec<_> = shown.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..4], ["ks-installer", "v3.4.1", "host", "Ready"], "{shown}");
    assert_eq!(row[5], "0", "{shown}");
    what_members_need_is_there(&terminal);
    the_configuration_is_edited(&terminal);

    a_mistake_is_refused(&terminal);
    let pods = terminal.json(&format!("pods -n {SYSTEM} -l app=ks-install"));
    let container = &pods["items"][0]["status"]["containerStatuses"][0];
    assert_eq!((&container["restartCount"], &container["ready"]), (&0.into(), &true.into()));
    let requests = audit::requests(terminal.plane(), since, ACCOUNT).unwrap();
    let refused: Vec<_> = requests.iter().filter(|r| [401, 403].contains(&r.code)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    the_pod_is_restricted(&terminal);
    the_log_is_followed_across_restarts(&terminal);

    // What is deleted under it would come back.
    let uninstall = || {
        Said::of(ksi(&terminal.plane().kubeconfig(), &["uninstall", "--dry-run"]).output().unwrap())
    };
    let said = uninstall().expect(2);
    assert!(said.err.contains("delete deployment ks-installer"), "{}", said.err);
    terminal.documented("kubectl -n kubesphere-system delete deployment ks-installer");
    terminal.documented("kubectl -n kubesphere-system delete service,networkpolicy ks-installer");
    terminal.documented(
        "kubectl delete validatingwebhookconfiguration clusterconfigurations.installer.kubesphere.io",
    );
    uninstall().expect(0);
}

/// Where `kubectl logs -f` ends with its pod.
fn the_log_is_followed_across_restarts(terminal: &Terminal) {
    let pod = || {
        let shown = "-o jsonpath={.items[0].metadata.name}";
        terminal.kubectl(&format!("-n {SYSTEM} get pods -l app=ks-install {shown}"))
    };
    let first = pod();
    let program = env!("CARGO_BIN_EXE_ksi");
    let restart = format!("kubectl -n {SYSTEM} delete pod {first} >/dev/null");
    let both = terminal.follow(
        &format!("({restart}) & {program} logs ks-installer -f | grep --line-buffered -v {first}"),
        "ks-installer-",
        Duration::from_secs(60),
    );
    let second = pod();
    let read = Said::of(
        ksi(&terminal.plane().kubeconfig(), &["logs", "ks-installer", "--tail=1"])
            .output()
            .unwrap(),
    )
    .expect(0);
    assert!(read.out.contains(&second), "{}", read.out);
    assert!(first != second && both.contains(&second), "{first} {second}\n{both}");
}

/// By the API server, which calls the pod through its Service.
fn a_mistake_is_refused(terminal: &Terminal) {
    let patch = r#"{"spec": {"multicluster": {"clusterrole": "host"}}}"#;
    let words = ["-n", SYSTEM, "patch", "cc", "ks-installer", "--type=merge", "-p", patch];
    let refused = format!("{:#}", terminal.plane().kubectl(&words).unwrap_err());
    assert!(refused.contains("clusterrole") && refused.contains("clusterRole"), "{refused}");
}

fn what_members_need_is_there(terminal: &Terminal) {
    let services = terminal.run("kubectl -n kubesphere-system get svc");
    assert!(services.contains("tower"), "{services}");
    let secret = terminal.run(
        "kubectl -n kubesphere-system get cm kubesphere-config -o yaml | grep -v \"apiVersion\" | grep jwtSecret",
    );
    assert!(secret.trim().starts_with("jwtSecret:") && secret.lines().count() == 1, "{secret}");
}

/// With an editor, as the guides say, and with their restart of ks-apiserver, which stays.
fn the_configuration_is_edited(terminal: &Terminal) {
    let published = || {
        terminal
            .run("kubectl -n kubesphere-system get cm kubesphere-config -o yaml")
            .contains(CHANGED)
    };
    assert!(!published());
    // Who may edit the object may not expose the members' API servers, unless an administrator allows it.
    terminal.documented(&format!(
        "kubectl -n kubesphere-system create configmap ksi-policy --from-literal=multicluster.proxyPublishAddress={CHANGED}"
    ));
    terminal.run(&format!(
        "KUBE_EDITOR='sed -i s#https://tower.example.com:8080#{CHANGED}#' \
         kubectl -n kubesphere-system edit clusterconfiguration ks-installer"
    ));
    wait_until("the edit to take effect", Duration::from_secs(60), || Ok(published())).unwrap();
    terminal.documented(
        "kubectl wait --for=condition=Ready cc/ks-installer -n kubesphere-system --timeout=120s",
    );
    terminal.run("kubectl -n kubesphere-system rollout restart deployment ks-apiserver");
    terminal
        .run("kubectl -n kubesphere-system rollout status deployment ks-apiserver --timeout=120s");
    let restarted =
        r"jsonpath={.spec.template.metadata.annotations.kubectl\.kubernetes\.io/restartedAt}";
    let at = terminal.kubectl(&format!("get deployment ks-apiserver -n {SYSTEM} -o {restarted}"));
    assert!(!at.is_empty());
}

/// A namespace that enforces the level `restricted` would take the pod.
fn the_pod_is_restricted(terminal: &Terminal) {
    let label = "kubectl label namespace kubesphere-system --dry-run=server --overwrite \
                 pod-security.kubernetes.io/enforce=restricted 2>&1";
    let warned = terminal.run(label);
    assert!(!warned.contains("ks-installer"), "{warned}");
}
