//! The client against a real API server with faults in between.

use std::time::{Duration, Instant};

use ksi::cluster::{Apply, Cluster, ConnectOptions, ErrorKind, Kind, Selection};
use sandbox::light::Light;
use sandbox::proxy::{Fault, FaultProxy, Match, Nth, Rule};
use serde_json::{Value, json};

use crate::hands::Hands as _;
use crate::installed::release;

/// Runs a future as a process would: one thread, timers and sockets.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn config_map(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"}, "data": {"a": "1"},
    })
}

struct Rig {
    proxy: FaultProxy,
    light: Light,
    cluster: Cluster,
}

/// `None` where a control plane cannot be built.
async fn rig() -> Option<Rig> {
    let light = Light::start(release()).unwrap()?;
    let plane = light.control_plane();
    let proxy = FaultProxy::start(&plane.kubeconfig(), &plane.folder().join("proxy")).unwrap();
    let options = ConnectOptions {
        kubeconfig: Some(proxy.kubeconfig().to_owned()),
        patience: Duration::from_secs(20),
        ..ConnectOptions::default()
    };
    let cluster = Cluster::connect(&options).await.unwrap();
    Some(Rig { proxy, light, cluster })
}

#[test]
fn faults_that_pass_are_waited_out_and_others_are_told() {
    block_on(async {
        let Some(Rig { proxy, light, cluster }) = &rig().await else { return };
        cluster.read_path("/version").await.unwrap();
        let patches = || Match::methods(&["PATCH"]).resource("configmaps");
        let passing = [
            ("busy", Fault::Status { code: 429, retry_after: Some(1) }),
            ("broken", Fault::Status { code: 500, retry_after: None }),
            ("away", Fault::Status { code: 503, retry_after: None }),
            ("reset-before", Fault::ResetBefore),
            ("reset-after", Fault::ResetAfter),
            ("cut", Fault::Truncate),
            ("goaway", Fault::Goaway),
        ];
        for (name, fault) in passing {
            proxy.set([Rule::new(patches(), Nth::First(2), fault)]);
            let live = cluster.apply(&config_map(name), Apply::default()).await;
            assert_eq!(live.unwrap()["metadata"]["name"], name);
        }

        proxy.set([Rule::new(patches(), Nth::All, Fault::Garbage { code: 200 })]);
        let error = cluster.apply(&config_map("garbage"), Apply::default()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotKubernetes, "{error}");
        assert!(error.to_string().contains("ConfigMap/default/garbage"), "{error}");
        proxy.set([]);

        // Somebody else's field, without force and with it.
        light.kubectl(r#"patch configmap busy --field-manager=other -p {"data":{"a":"2"}}"#);
        let error = cluster.apply(&config_map("busy"), Apply::default()).await.unwrap_err();
        let ErrorKind::Owned(owners) = &error.kind else { panic!("{error}") };
        assert_eq!((owners[0].manager.as_str(), owners[0].field.as_str()), ("other", ".data.a"));
        let force = Apply { force: true, ..Apply::default() };
        assert_eq!(cluster.apply(&config_map("busy"), force).await.unwrap()["data"]["a"], "1");

        // Strict: a typo is refused at once, and so is what a schema cannot hold.
        let mut typo = config_map("typo");
        typo["dat"] = json!({});
        let error = cluster.apply(&typo, Apply::default()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{error}");

        let kind = Kind::new("", "v1", "ConfigMap");
        let listed =
            cluster.list(&kind, &Selection::within(Some("default")).metadata()).await.unwrap();
        let busy = listed.iter().find(|live| live["metadata"]["name"] == "busy").unwrap();
        assert_eq!((busy["kind"].as_str(), busy.get("data")), (Some("ConfigMap"), None));
        assert!(busy["metadata"]["managedFields"].is_array());
        assert_eq!(
            cluster
                .list(&Kind::new("no.such", "v1", "Thing"), &Selection::default())
                .await
                .unwrap(),
            [Value::Null; 0]
        );
    });
}

#[test]
fn a_server_that_is_killed_and_comes_back_is_waited_for() {
    block_on(async {
        let Some(Rig { light, cluster, .. }) = &rig().await else { return };
        cluster.read_path("/version").await.unwrap();
        let processes = light.control_plane().processes();
        processes.kill("apiserver").unwrap();
        let late = config_map("late");
        let writing = cluster.apply(&late, Apply::default());
        let restarting = async {
            tokio::task::yield_now().await;
            processes.restart("apiserver").unwrap();
        };
        let (live, ()) = futures_util::join!(writing, restarting);
        assert_eq!(live.unwrap()["data"]["a"], "1");
    });
}

#[test]
fn nobody_at_home_is_told_soon() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kubeconfig");
    std::fs::write(
        &path,
        "apiVersion: v1\nkind: Config\nclusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]\n\
         contexts: [{name: a, context: {cluster: a, user: a}}]\ncurrent-context: a\nusers: [{name: a, user: {token: canary-token}}]\n",
    )
    .unwrap();
    let options = ConnectOptions { kubeconfig: Some(path), ..ConnectOptions::default() };
    let begin = Instant::now();
    let error = block_on(async {
        Cluster::connect(&options).await.unwrap().read_path("/version").await.unwrap_err()
    });
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(error.to_string().contains("onnection refused"), "{error}");
    assert!(!error.to_string().contains("canary"), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(5));
}
