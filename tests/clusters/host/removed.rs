//! A whole host goes again, and with it what controllers made of its kinds.

use std::time::{Duration, Instant};

use sandbox::process::wait_until;

use crate::hands::Hands as _;
use crate::host::{FEDERATED, Host};
use crate::installed::Said;

/// A user spreads something. The host has joined itself to KubeFed.
const USED: &str = r"
apiVersion: types.kubefed.io/v1beta1
kind: FederatedNamespace
metadata: {name: project, namespace: project}
spec: {placement: {clusterSelector: {}}}
---
apiVersion: types.kubefed.io/v1beta1
kind: FederatedConfigMap
metadata: {name: spread, namespace: project}
spec: {placement: {clusterSelector: {}}, template: {data: {a: b}}}
---
apiVersion: types.kubefed.io/v1beta1
kind: FederatedSecret
metadata: {name: shared, namespace: project}
spec: {placement: {clusterSelector: {}}, template: {stringData: {a: b}}}
";

/// A workspace of a user with a project in it, an app that KubeSphere installed there, and an app of the platform. When these
/// are deleted, KubeSphere's controller deletes the projects and uninstalls the apps.
const WORKSPACES: &str = r"
apiVersion: tenant.kubesphere.io/v1alpha2
kind: WorkspaceTemplate
metadata: {name: team}
spec: {template: {spec: {manager: admin}}}
---
apiVersion: application.kubesphere.io/v1alpha1
kind: HelmRelease
metadata: {name: rls-a, labels: {kubesphere.io/workspace: team, kubesphere.io/namespace: team-project}}
spec: {name: app, chartName: app, chartVersion: 1.0.0}
---
apiVersion: application.kubesphere.io/v1alpha1
kind: HelmRelease
metadata: {name: rls-b, labels: {kubesphere.io/workspace: system-workspace, kubesphere.io/namespace: team-project}}
spec: {name: platform, chartName: app, chartVersion: 1.0.0}
---
apiVersion: types.kubefed.io/v1beta1
kind: FederatedConfigMap
metadata: {name: shared, namespace: kubesphere-monitoring-federated}
spec: {placement: {clusterSelector: {}}, template: {data: {a: b}}}
";

/// A controller may write between the plan and the lock. Then ksi says so, and to run again.
fn uninstall(host: &Host<'_>, more: &[&str]) -> Said {
    let run = || host.ksi(&[&["uninstall", "--yes"], more].concat());
    let said = run();
    if said.code == 8 { run() } else { said }
}

pub(crate) fn a_host_goes_with_what_controllers_made(host: &Host<'_>) {
    use_it(host);
    every_namespace_is_held(host);

    let began = Instant::now();
    let said = uninstall(host, &["--timeout", "3m"]);
    eprintln!("{}\n{:?}", said.err, began.elapsed());
    said.expect(0);
    host.nothing_is_terminating();
    for stays in ["crd/clusters.cluster.kubesphere.io", "clusters.cluster.kubesphere.io/host"] {
        assert!(host.has(stays), "{stays}");
    }
    what_others_made_stays(host);
    assert!(host.has("configmap/shared -n kubesphere-monitoring-federated"));
    nothing_is_held(host);
    host.kubectl("delete namespace shop --timeout=60s");
    host.apply(&[]).expect(0);
    // Their finalizers went with the first uninstallation; without one they would be deleted behind KubeFed's back.
    let path = "jsonpath={.metadata.finalizers}";
    wait_until("KubeFed to take them up again", Duration::from_secs(90), || {
        let finalizers = [
            "federatedconfigmaps.types.kubefed.io spread",
            "federatedsecrets.types.kubefed.io shared",
        ]
        .map(|object| host.kubectl(&format!("get {object} -n project -o {path}")));
        Ok(finalizers.iter().all(|all| all.contains("kubefed.io/sync-controller")))
    })
    .unwrap();
    controllers_know_them(host);
    // As an uninstallation leaves it that is interrupted among these: KubeFed runs and does not handle the kind.
    host.kubectl(&format!("delete federatedtypeconfigs secrets -n {FEDERATED} --timeout=60s"));

    let all = ["--delete-crds", "--delete-data", "--delete-namespaces"];
    let listed = host.ksi(&[&["uninstall", "--dry-run"], &all[..]].concat()).expect(0);
    for [place, object] in [
        ["cluster-scoped", "1 Cluster (host)"],
        ["namespace kube-federation-system", "1 KubeFedCluster (host)"],
        ["namespace kube-federation-system", "ServiceAccount (host-kubesphere, joined)"],
        ["namespace project", "1 FederatedConfigMap (spread)"],
    ] {
        let line = listed.out.lines().find(|line| line.contains(&format!("{place}: ")));
        assert!(line.unwrap_or_default().contains(object), "{object}: {}", listed.out);
    }
    let unhandled =
        "which is no longer configured for them, from 1 object: FederatedSecret/project/shared";
    assert!(listed.out.contains(unhandled), "{}", listed.out);
    let began = Instant::now();
    let said = uninstall(host, &[&["--timeout", "4m"], &all[..]].concat());
    let took = began.elapsed();
    eprintln!("{}\n{took:?}", said.err);
    said.expect(0);
    assert!(took < Duration::from_secs(120), "{took:?}");
    host.nothing_is_terminating();
    let kinds = host.kubectl("get crd -o name");
    let ours = kinds.lines().filter(|k| k.contains("kubesphere.io") || k.contains("kubefed.io"));
    assert_eq!(ours.collect::<Vec<_>>(), [""; 0]);
    assert!(
        !host.has("namespace/kubesphere-system") && !host.has(&format!("namespace/{FEDERATED}"))
    );
    what_others_made_stays(host);
    nothing_is_held(host);
    let path = "jsonpath={.metadata.labels}";
    let labels = host.kubectl(&format!("get configmap spread -n project -o {path}"));
    assert!(!labels.contains("kubefed.io/managed"), "KubeFed has let go of it: {labels}");
}

fn use_it(host: &Host<'_>) {
    for line in [
        "create namespace project",
        "create configmap mine -n project --from-literal=a=b",
        "create namespace shop",
        "create namespace team-project",
        "label namespace team-project kubesphere.io/workspace=team",
        "create configmap app -n team-project",
        "create configmap platform -n team-project",
        &format!("create serviceaccount joined -n {FEDERATED}"),
    ] {
        host.kubectl(line);
    }
    host.make(USED);
    host.make(WORKSPACES);
    wait_until("KubeFed to spread ConfigMaps", Duration::from_secs(90), || {
        Ok(host.has("configmap/spread -n project")
            && host.has("configmap/shared -n kubesphere-monitoring-federated"))
    })
    .unwrap();
    controllers_know_them(host);
}

fn controllers_know_them(host: &Host<'_>) {
    wait_until("the finalizers of workspaces and apps", Duration::from_secs(60), || {
        let held = |kinds| host.kubectl_with(&format!("get {kinds} -o"), FINALIZERS);
        let (templates, releases) =
            (held("workspacetemplates"), held("helmreleases.application.kubesphere.io"));
        Ok(templates.contains("team: [\"finalizers.workspacetemplate")
            && releases.matches("helmrelease.application").count() == 2)
    })
    .unwrap();
}

const FINALIZERS: &str =
    "jsonpath={range .items[*]}{.kind}/{.metadata.name}: {.metadata.finalizers}{\"\\n\"}{end}";

/// ks-controller-manager puts its finalizer on all of them, Kubernetes' own too.
fn every_namespace_is_held(host: &Host<'_>) {
    wait_until("all namespaces to have the finalizer", Duration::from_secs(60), || {
        let all = host.kubectl_with("get namespaces -o", FINALIZERS);
        Ok(all.lines().all(|line| line.contains("finalizers.kubesphere.io/namespaces")))
    })
    .unwrap();
}

/// Nothing that stays waits for a controller that is gone.
fn nothing_is_held(host: &Host<'_>) {
    let kinds = host.kubectl("get crd -o jsonpath={.items[*].metadata.name}");
    let ours = kinds
        .split_whitespace()
        .filter(|k| k.contains("kubesphere.io") || k.contains("kubefed.io"));
    for kind in ours.chain(["namespaces"]) {
        let all = host.kubectl_with(&format!("get {kind} -A -o"), FINALIZERS);
        let held = all
            .lines()
            .filter(|line| line.contains("kubesphere.io") || line.contains("kubefed.io"));
        // Only what is in the name of the kind, not in a finalizer.
        let held: Vec<&str> = held.filter(|line| line.contains('[')).collect();
        assert_eq!(held, [""; 0], "{kind}");
    }
    let said = host.ksi(&["cleanup", "finalizers", "--dry-run"]).expect(0);
    assert!(said.err.contains("no object has a finalizer"), "{}\n{}", said.out, said.err);
}

fn what_others_made_stays(host: &Host<'_>) {
    for stays in [
        "configmap/mine -n project",
        "configmap/spread -n project",
        "configmap/app -n team-project",
        "configmap/platform -n team-project",
        "configmap/coredns -n kube-system",
    ] {
        assert!(host.has(stays), "{stays}");
    }
}
