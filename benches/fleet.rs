//! How many members a host can have: `make bench`. The members are servers that answer as an API server with KubeSphere
//! does, each request after 50 ms; the host is a real API server.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code, reason = "each bench uses some of it")]
mod shared;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use ksi::fleet;
use ksi::member::Connection;
use sandbox::builds::Release;
use sandbox::control_plane::ControlPlane;
use sandbox::light::Light;
use serde_json::{Value, json};
use shared::{connected, ksi, peak_megabytes, run};

const DELAY: Duration = Duration::from_millis(50);
const SIZES: [usize; 3] = [100, 300, 1000];

fn main() {
    let Some(light) = Light::start(Release::Newest).expect("a control plane") else { return };
    let plane = light.control_plane();
    run(ksi(plane).args(["apply", "-q", "-f", "samples/host.yaml", "--yes", "--wait=false"]));
    // No pod answers behind the webhooks.
    for kind in ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"] {
        run(plane.kubectl_command().args(["delete", kind, "--all"]));
    }
    let port = serve(config(plane));
    println!(
        "{:32} {:>8} {:>10} {:>8}",
        "members that answer after 50 ms", "s", "per member", "MB"
    );
    let mut registered = 0;
    for size in SIZES {
        register(plane, registered..size, port);
        registered = size;
        for (name, arguments) in [
            ("member list", &["member", "list", "-o", "json"][..]),
            ("member check --all", &["member", "check", "--all", "-o", "json"]),
        ] {
            let mut command = ksi(plane);
            let start = Instant::now();
            let memory = peak_megabytes(command.args(arguments));
            let took = start.elapsed().as_secs_f64();
            let each = took * 1e3 / f64::from(u32::try_from(size).expect("a number"));
            println!("{:32} {took:8.2} {each:7.2} ms {memory:8.0}", format!("{size}: {name}"));
        }
    }
    println!("goals for 1000: 10 s, 100 MB");
}

/// ConfigMap kubesphere-config of the host, as a member with the same secret has it.
fn config(plane: &ControlPlane) -> Value {
    let arguments =
        ["get", "configmap", "kubesphere-config", "-n", "kubesphere-system", "-o", "json"];
    let output = plane.kubectl_command().args(arguments).output().expect("kubectl");
    let mut config: Value = serde_json::from_slice(&output.stdout).expect("a ConfigMap");
    let text = config["data"]["kubesphere.yaml"].as_str().expect("a document");
    config["data"]["kubesphere.yaml"] =
        text.replace("clusterRole: host", "clusterRole: member").into();
    config
}

/// Registers members that are reached at a path of the server, under their number.
fn register(plane: &ControlPlane, numbers: std::ops::Range<usize>, port: u16) {
    connected(plane, async |cluster| {
        // Every kubeconfig has an authority, which costs memory.
        let endpoint = cluster.endpoint().await.expect("an address");
        let authority = endpoint.authority.as_deref();
        let host = fleet::Host::read(&cluster).await.expect("a host");
        for number in numbers {
            let (name, server) =
                (format!("m{number}"), format!("http://127.0.0.1:{port}/{number}"));
            let kubeconfig = ksi::member::kubeconfig(&name, &server, authority, "token");
            let connection = Connection::Direct { kubeconfig };
            fleet::register(&host, &name, &connection, false).await.expect("a Cluster");
        }
    });
}

/// Starts the servers of all members behind one port.
fn serve(config: Value) -> u16 {
    let listener = StdListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let port = listener.local_addr().expect("an address").port();
    let answers = Arc::new(answers(config));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let answers = Arc::clone(&answers);
                let service = service_fn(move |request| answer(Arc::clone(&answers), request));
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
    });
    port
}

async fn answer(
    answers: Arc<BTreeMap<String, Value>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    tokio::time::sleep(DELAY).await;
    let path = request.uri().path().trim_start_matches('/');
    let (number, path) = path.split_once('/').unwrap_or_default();
    let found = answers.get(path);
    let body = found.map(|body| body.to_string().replace("NUMBER", number)).unwrap_or_default();
    let response = Response::builder().status(if found.is_some() { 200 } else { 404 });
    let response = response.header("Content-Type", "application/json");
    Ok(response.body(Full::new(body.into())).expect("a response"))
}

fn answers(config: Value) -> BTreeMap<String, Value> {
    let service = "api/v1/namespaces/kubesphere-system/services/:ks-apiserver:80/proxy/kapis";
    let list = json!({"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []});
    let mut all = BTreeMap::from([
        ("version".to_owned(), json!({"gitVersion": "v1.34.4"})),
        (
            "api/v1/namespaces/kube-system".to_owned(),
            json!({"apiVersion": "v1", "kind": "Namespace",
                   "metadata": {"name": "kube-system", "uid": "uid-NUMBER"}}),
        ),
        ("api/v1/namespaces/kubesphere-system/configmaps/kubesphere-config".to_owned(), config),
        ("api/v1/namespaces".to_owned(), list.clone()),
        ("apis/tenant.kubesphere.io/v1alpha1/workspaces".to_owned(), list.clone()),
        ("apis/rbac.authorization.k8s.io/v1/clusterrolebindings".to_owned(), list),
        (format!("{service}/version"), json!({"gitVersion": "v3.4.1"})),
        (format!("{service}/iam.kubesphere.io/v1alpha2/users/admin"), json!({})),
    ]);
    let others = [
        ("", "v1", "Namespace", "namespaces"),
        ("", "v1", "ConfigMap", "configmaps"),
        ("tenant.kubesphere.io", "v1alpha1", "Workspace", "workspaces"),
        ("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings"),
    ];
    let types = ksi::render::federated_types().map(|config| {
        let text = |key: &str| config["targetType"][key].as_str().unwrap_or_default();
        (text("group"), text("version"), text("kind"), text("pluralName"))
    });
    for (group, version, kind, plural) in others.into_iter().chain(types) {
        let path = match group {
            "" => format!("api/{version}"),
            group => format!("apis/{group}/{version}"),
        };
        let resource = json!({
            "name": plural, "kind": kind, "namespaced": kind == "ConfigMap",
            "verbs": ["get", "list", "delete"],
        });
        let entry = all.entry(path).or_insert_with(|| json!({"resources": []}));
        entry["resources"].as_array_mut().expect("a list").push(resource);
    }
    all
}
