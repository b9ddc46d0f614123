//! What the API server says to somebody who writes a wrong ClusterConfiguration, while the webhook answers and while
//! it does not.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use ksi::cluster::{Cluster, ConnectOptions};
use ksi::engine::Stop;
use ksi::serve::{Addresses, CERTIFICATE_SECRET, Servers, WEBHOOK_CONFIGURATION};
use ksi::telemetry::{Readiness, Telemetry};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sandbox::light::Light;
use sandbox::process::wait_until;
use serde_json::{Value, json};

use crate::client::block_on;
use crate::hands::{Hands as _, SYSTEM};
use crate::installed::{Said, ksi, release};
use crate::manifests::root;

const LIMIT: Duration = Duration::from_secs(30);

/// The servers of a controller in this process.
struct Controller {
    port: u16,
    begin: std::sync::mpsc::Sender<()>,
    stop: Stop,
    notes: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Controller {
    /// Listens, and answers once it is told to begin.
    fn new(light: &Light) -> Self {
        let kubeconfig = light.control_plane().kubeconfig();
        let (stop, notes) = (Stop::default(), Arc::<Mutex<Vec<String>>>::default());
        let (begin, begins) = std::sync::mpsc::channel();
        let (told, tells) = std::sync::mpsc::channel();
        let thread = std::thread::spawn({
            let (stop, notes) = (stop.clone(), Arc::clone(&notes));
            move || {
                block_on(async {
                    let local = Some("127.0.0.1:0".parse().unwrap());
                    let addresses = Addresses { http: None, webhook: local };
                    let telemetry = Telemetry::new("test");
                    let servers = Servers::bind(addresses, telemetry, Readiness::default());
                    let servers = servers.await.unwrap();
                    told.send(servers.addresses().webhook.unwrap().port()).unwrap();
                    begins.recv().unwrap();
                    let options = ConnectOptions {
                        kubeconfig: Some(kubeconfig),
                        ..ConnectOptions::default()
                    };
                    let cluster = Cluster::connect(&options).await.unwrap();
                    let note =
                        |note: ksi::serve::Note| notes.lock().unwrap().push(note.to_string());
                    servers.run(&cluster, &note, &stop).await;
                });
            }
        });
        let port = tells.recv().unwrap();
        Self { port, begin, stop, notes, thread: Some(thread) }
    }

    fn end(&mut self) {
        self.stop.request();
        self.begin.send(()).unwrap_or_default();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// A ClusterConfiguration with this specification.
fn cc(spec: &Value) -> Value {
    json!({
        "apiVersion": "installer.kubesphere.io/v1alpha1", "kind": "ClusterConfiguration",
        "metadata": {"name": "ks-installer", "namespace": SYSTEM}, "spec": spec,
    })
}

/// What kubectl says to a manifest.
fn apply(light: &Light, manifest: &Value) -> Said {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), manifest.to_string()).unwrap();
    let mut command = light.control_plane().kubectl_command();
    Said::of(command.args(["apply", "-f"]).arg(file.path()).output().unwrap())
}

/// What kubectl says to a merge patch of the ClusterConfiguration.
fn patch(light: &Light, patch: &Value) -> Said {
    let mut command = light.control_plane().kubectl_command();
    let command = command.args(["-n", SYSTEM, "patch", "cc", "ks-installer", "--type=merge", "-p"]);
    Said::of(command.arg(patch.to_string()).output().unwrap())
}

/// Waits until a wrong patch is refused, or stored.
fn await_refusal(light: &Light, refused: bool) {
    let typo = r#"{"spec": {"multicluster": {"clustername": "a"}}}"#;
    wait_until(&format!("a typo is refused: {refused}"), LIMIT, || {
        let mut command = light.control_plane().kubectl_command();
        let words =
            ["-n", SYSTEM, "patch", "cc", "ks-installer", "--type=merge", "--dry-run=server"];
        let output = command.args(words).args(["-p", typo]).output()?;
        Ok(output.status.success() != refused)
    })
    .unwrap();
}

/// By it the API server reaches a process on this machine.
fn service(port: u16) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "ks-installer", "namespace": SYSTEM},
        "spec": {
            "type": "ExternalName", "externalName": "localhost",
            "ports": [{"name": "webhook", "port": port}],
        },
    })
}

/// A port of this machine that nobody uses.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What a server on this machine answers, with its headers.
fn get(port: u16, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn the_controller_answers_probes_prometheus_and_the_api_server() {
    let Some(light) = &Light::start(release()).unwrap() else { return };
    light.kubectl(&format!("create namespace {SYSTEM}"));
    let definition = root().join("deploy/crd.yaml");
    light.kubectl(&format!("apply -f {}", definition.display()));
    light.await_kubectl(&format!("-n {SYSTEM} get cc"), true);
    let (http, webhook) = (free_port(), free_port());
    light.make(service(webhook));
    let addresses =
        [format!("--http-addr=127.0.0.1:{http}"), format!("--webhook-addr=127.0.0.1:{webhook}")];
    let kubeconfig = light.control_plane().kubeconfig();
    let arguments = ["controller", &addresses[0], &addresses[1]];
    let mut controller = ksi(&kubeconfig, &arguments).stdout(Stdio::null()).spawn().unwrap();
    wait_until("the controller is ready", LIMIT, || {
        Ok(get(http, "/readyz")?.starts_with("HTTP/1.1 200"))
    })
    .unwrap();
    let wrong = cc(&json!({"multicluster": {"clusterrole": "host"}}));
    wait_until("a mistake is refused", LIMIT, || {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), wrong.to_string())?;
        let mut command = light.control_plane().kubectl_command();
        let output = command.args(["apply", "--dry-run=server", "-f"]).arg(file.path()).output()?;
        Ok(String::from_utf8(output.stderr)?.contains("KSI0012"))
    })
    .unwrap();
    let metrics = get(http, "/metrics").unwrap();
    for line in [
        r#"ksi_admission_requests_total{verdict="refused"} "#,
        r#"ksi_certificate_expiry_seconds{name="webhook"} "#,
        "ksi_ready 0",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    // A second one says which address is taken.
    let second = Said::of(ksi(&kubeconfig, &arguments).output().unwrap()).expect(1);
    assert!(second.err.contains(&format!("127.0.0.1:{http}")), "{}", second.err);
    assert!(second.err.contains("--http-addr"), "{}", second.err);
    let pid = Pid::from_raw(controller.id().try_into().unwrap());
    kill(pid, Signal::SIGTERM).unwrap();
    controller.wait().unwrap();
}

const ROLE: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: ks-installer}
rules: []
";

#[test]
fn mistakes_are_refused_at_once_with_the_text_of_ksi() {
    let Some(light) = &Light::start(release()).unwrap() else { return };
    let mut controller = Controller::new(light);
    light.kubectl(&format!("create namespace {SYSTEM}"));
    light.make(ROLE);
    let definition = root().join("deploy/crd.yaml");
    light.kubectl(&format!("apply -f {}", definition.display()));
    light.await_kubectl(&format!("-n {SYSTEM} get cc"), true);
    // Stored before the webhook comes, with a key that no version has.
    let spec = json!({"multicluster": {"clusterRole": "host"}, "ancient": {"key": 1}});
    apply(light, &cc(&spec)).expect(0);

    // No Service leads to the webhook yet.
    controller.begin.send(()).unwrap();
    wait_until("the missing Service is told", LIMIT, || {
        Ok(controller
            .notes
            .lock()
            .unwrap()
            .iter()
            .any(|note| note.contains("has no port `webhook`")))
    })
    .unwrap();
    assert!(!light.has(&format!("validatingwebhookconfiguration {WEBHOOK_CONFIGURATION}")));
    light.make(service(controller.port));
    // A change makes the controller look again.
    light.kubectl(&format!("-n {SYSTEM} label secret {CERTIFICATE_SECRET} looked=1"));
    await_refusal(light, true);

    refused(light);
    accepted(light);
    kept(light);

    controller.end();
    await_refusal(light, false);
    let stored = patch(light, &json!({"spec": {"multicluster": {"clustername": "a"}}})).expect(0);
    assert_eq!(stored.err, "");
    // Without the role, nothing of the controller stays.
    light.kubectl("delete clusterrole ks-installer");
    light.await_kubectl(
        &format!("get validatingwebhookconfiguration {WEBHOOK_CONFIGURATION}"),
        false,
    );
}

fn refused(light: &Light) {
    let one = json!({"spec": {"multicluster": {"clusterrole": "host"}}});
    let said = patch(light, &one).expect(1);
    // Beside the warning about the ancient key.
    assert_eq!(
        said.err.lines().last().unwrap(),
        "The ClusterConfiguration \"ks-installer\" is invalid: spec.multicluster.clusterrole: unknown field \
         `clusterrole`: did you mean `clusterRole`? (KSI0012)"
    );
    // All at once.
    let two = cc(
        &json!({"multicluster": {"clusterrole": "host"}, "common": {"core": {"console": {"port": 99999}}}}),
    );
    let said = apply(light, &two).expect(1);
    for line in [
        "* spec.multicluster.clusterrole: unknown field `clusterrole`: did you mean `clusterRole`? (KSI0012)",
        "* spec.common.core.console.port: `common.core.console.port` is `99999`; the maximum is 65535 (KSI0015)",
    ] {
        assert!(said.err.contains(line), "{}", said.err);
    }
    // Everything stays as it was.
    let live = light.json(&format!("-n {SYSTEM} cc ks-installer"));
    assert_eq!(live["spec"]["multicluster"], json!({"clusterRole": "host"}));

    let mut second = cc(&json!({}));
    second["metadata"] = json!({"name": "mine", "namespace": "default"});
    let said = apply(light, &second).expect(1);
    for word in ["metadata.name", "`ks-installer`", "metadata.namespace", "`kubesphere-system`"] {
        assert!(said.err.contains(word), "{word}: {}", said.err);
    }
    edited(light);
}

/// `kubectl edit` opens the editor again, with what is wrong above the object.
fn edited(light: &Light) {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    let editor = folder.path().join("editor");
    let script = format!(
        "#!/bin/sh\nif grep -q clusterrole \"$1\"; then cp \"$1\" {}; else sed -i s/clusterRole/clusterrole/ \"$1\"; fi\n",
        seen.display()
    );
    std::fs::write(&editor, script).unwrap();
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = light.control_plane().kubectl_command();
    let command =
        command.args(["-n", SYSTEM, "edit", "cc", "ks-installer"]).env("KUBE_EDITOR", &editor);
    Said::of(command.output().unwrap()).expect(1);
    let shown = std::fs::read_to_string(&seen).unwrap();
    let line = "# * spec.multicluster.clusterrole: unknown field `clusterrole`: did you mean `clusterRole`?";
    assert!(shown.contains(line), "{shown}");
}

fn accepted(light: &Light) {
    // The ancient key stays, and is only told.
    let said =
        patch(light, &json!({"spec": {"console": {"port": 30881}, "etcd": {"monitoring": false}}}));
    let said = said.expect(0);
    let warnings: Vec<&str> = said.err.lines().collect();
    assert_eq!(warnings.len(), 2, "{}", said.err);
    assert!(warnings.iter().all(|line| line.starts_with("Warning: ")), "{}", said.err);
    assert!(
        said.err.contains("`console` is deprecated: use `common.core.console`"),
        "{}",
        said.err
    );
    assert!(said.err.contains("unknown field `ancient`"), "{}", said.err);
    // What is not about the specification is not looked at.
    let said = patch(light, &json!({"metadata": {"finalizers": ["example.com/a"]}})).expect(0);
    assert_eq!(said.err, "");
    let said =
        patch(light, &json!({"metadata": {"finalizers": null}, "status": {"a": 1}})).expect(0);
    assert_eq!(said.err, "");
}

/// Who deletes the certificate or the registration gets another one.
fn kept(light: &Light) {
    let configuration = format!("validatingwebhookconfiguration {WEBHOOK_CONFIGURATION}");
    let bundle = |live: &Value| live["webhooks"][0]["clientConfig"]["caBundle"].clone();
    let before = light.json(&configuration);
    assert_eq!(before["webhooks"][0]["failurePolicy"], "Ignore");
    light.kubectl(&format!("-n {SYSTEM} delete secret {CERTIFICATE_SECRET}"));
    wait_until("there is another certificate", LIMIT, || {
        Ok(bundle(&light.json(&configuration)) != bundle(&before))
    })
    .unwrap();
    await_refusal(light, true);
    light.kubectl(&format!("delete {configuration}"));
    await_refusal(light, true);
    let role = light.json("clusterrole ks-installer");
    let live = light.json(&configuration);
    assert_eq!(live["metadata"]["ownerReferences"][0]["uid"], role["metadata"]["uid"]);
}
