//! How fast the controller is, and what it costs while nothing happens: `make bench`.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::panic, missing_docs)]

#[allow(dead_code, reason = "each bench uses some of it")]
mod shared;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use ksi::cluster::{Apply, Change, Changes, Cluster, Kind, Preconditions, Propagation, Selection};
use ksi::object::ObjectId;
use sandbox::audit;
use sandbox::builds::Release;
use sandbox::control_plane::ControlPlane;
use sandbox::light::Light;
use serde_json::{Value, json};
use shared::{connected, megabytes, run};

const SYSTEM: &str = "kubesphere-system";
const USER: &str = "system:serviceaccount:kubesphere-system:ks-installer";
/// So many times each is measured.
const TIMES: u16 = 20;
/// So many edits in a row.
const EDITS: u16 = 500;
const IDLE: Duration = Duration::from_secs(60);
/// Writes of others, evenly within a minute.
const FOREIGN: u32 = 1000;
/// Below the ports that other objects of the sample have.
const PORT: u16 = 30_900;

fn main() {
    let Some(light) = Light::start(Release::Newest).expect("a control plane") else { return };
    let plane = light.control_plane();
    for file in ["deploy/crd.yaml", "deploy/rbac.yaml"] {
        run(plane.kubectl_command().args(["apply", "-f", file]));
    }
    let crd = "crd/clusterconfigurations.installer.kubesphere.io";
    run(plane.kubectl_command().args(["wait", "--for=condition=Established", crd]));
    let controller = Controller::start(plane);
    connected(plane, async |cluster| {
        let bench = Bench { plane, cluster: &cluster, controller: &controller };
        bench.install().await;
        bench.edits().await;
        bench.drift().await;
        bench.idle();
        bench.many_edits().await;
        bench.foreign_writes().await;
    });
}

/// The process, as the account of `deploy/`.
struct Controller(Child);

impl Controller {
    fn start(plane: &ControlPlane) -> Self {
        let output = plane
            .kubectl_command()
            .args(["-n", SYSTEM, "create", "token", "ks-installer", "--duration=2h"])
            .output()
            .expect("a token");
        let text = std::fs::read(plane.kubeconfig()).expect("a kubeconfig");
        let mut config: Value = serde_json::from_slice(&text).expect("a kubeconfig");
        let token = String::from_utf8(output.stdout).expect("a token");
        config["users"][0]["user"] = json!({"token": token.trim()});
        let path = plane.folder().join("controller.kubeconfig");
        std::fs::write(&path, config.to_string()).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_ksi"));
        command.args(["controller", "--wait=false", "--http-addr=", "--webhook-addr="]);
        command.env("KUBECONFIG", path).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("a controller"))
    }

    /// What it has used of a core so far, in seconds.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("a stat");
        // After the name, which is in brackets: the 12th and 13th are its ticks, of 10 ms each.
        let (_, rest) = stat.rsplit_once(')').expect("a name");
        let ticks = rest.split_whitespace().skip(11).take(2);
        ticks.map(|ticks| ticks.parse::<f64>().expect("a number")).sum::<f64>() / 100.0
    }

    /// Without the pages of the program file, which the kernel drops when memory is short: so kubelets count, too.
    fn memory(&self) -> f64 {
        megabytes(self.0.id(), "RssAnon")
    }

    fn mapped(&self) -> f64 {
        megabytes(self.0.id(), "RssFile")
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Bench<'b> {
    plane: &'b ControlPlane,
    cluster: &'b Cluster,
    controller: &'b Controller,
}

impl Bench<'_> {
    async fn install(&self) {
        let cc = json!({
            "apiVersion": "installer.kubesphere.io/v1alpha1", "kind": "ClusterConfiguration",
            "metadata": {"name": "ks-installer", "namespace": SYSTEM},
            "spec": {"multicluster": {"clusterRole": "host"}},
        });
        self.cluster.create(&cc, false).await.expect("a ClusterConfiguration");
        let mut changes = self.watch(&configuration()).await;
        until(&mut changes, |cc| cc["status"]["lastOperation"]["phase"] == "Succeeded").await;
    }

    async fn watch(&self, id: &ObjectId) -> Changes {
        let selection = Selection::named(id.namespace.as_deref(), &id.name);
        self.cluster.watch(&Kind::of(id), &selection).await.expect("a watch")
    }

    async fn edit(&self, port: u16) {
        let spec = json!({"spec": {"common": {"core": {"console": {"port": port}}}}});
        self.cluster.merge(&configuration(), &spec, None).await.expect("an edit");
    }

    async fn edits(&self) {
        let console = Kind::new("", "v1", "Service").named(Some(SYSTEM), "ks-console");
        let mut changes = self.watch(&console).await;
        let mut took = Vec::new();
        for port in PORT..PORT + TIMES {
            let begin = Instant::now();
            self.edit(port).await;
            until(&mut changes, |service| service["spec"]["ports"][0]["nodePort"] == port).await;
            took.push(begin.elapsed());
            self.settled().await;
        }
        told("edit to changed object (goal 300 ms)", took);
    }

    /// Until the controller is done with the last edit.
    async fn settled(&self) {
        let mut changes = self.watch(&configuration()).await;
        until(&mut changes, |cc| {
            let generation = &cc["metadata"]["generation"];
            let status = &cc["status"];
            status["lastApplied"]["generation"] == *generation
                && status["lastOperation"]["phase"] == "Succeeded"
        })
        .await;
    }

    async fn drift(&self) {
        // Three times within ten minutes is a fight, and is left alone: each object has its turn once.
        let kind = Kind::new("iam.kubesphere.io", "v1alpha2", "GlobalRole");
        let (mut deleted, mut edited) = (Vec::new(), Vec::new());
        for (number, name) in self.own_roles(&kind).await.into_iter().enumerate() {
            let role = kind.named(None, &name);
            let mut changes = self.watch(&role).await;
            let before = until(&mut changes, |_| true).await;
            let begin = Instant::now();
            if number % 2 == 0 {
                let any = Preconditions::default();
                self.cluster.delete(&role, &any, Propagation::default()).await.expect("a deletion");
                let uid = &before["metadata"]["uid"];
                until(&mut changes, |role| role["metadata"]["uid"] != *uid).await;
                deleted.push(begin.elapsed());
            } else {
                let gone = json!({"rules": []});
                self.cluster.merge(&role, &gone, None).await.expect("an edit");
                until(&mut changes, |role| role["rules"] == json!([])).await;
                until(&mut changes, |role| role["rules"] == before["rules"]).await;
                edited.push(begin.elapsed());
            }
            self.rests().await;
        }
        told("deleted object to its return (goal 1000 ms)", deleted);
        told("edited object to its repair (goal 1000 ms)", edited);
    }

    /// The first roles that the installation has.
    async fn own_roles(&self, kind: &Kind) -> Vec<String> {
        let all = self.cluster.list(kind, &Selection::default()).await.expect("roles");
        let ours = |role: &&Value| {
            let writers = role["metadata"]["managedFields"].as_array().into_iter().flatten();
            writers.into_iter().any(|entry| entry["manager"] == "ksi")
                && role["rules"].as_array().is_some_and(|rules| !rules.is_empty())
        };
        let names = all.iter().filter(ours).filter_map(|role| role["metadata"]["name"].as_str());
        names.take(usize::from(TIMES) * 2).map(str::to_owned).collect()
    }

    /// Until nothing is different.
    async fn rests(&self) {
        let mut changes = self.watch(&configuration()).await;
        until(&mut changes, |cc| {
            let status = &cc["status"];
            status["drift"] == 0 && status["lastOperation"]["phase"] == "Succeeded"
        })
        .await;
    }

    fn idle(&self) {
        std::thread::sleep(Duration::from_secs(5));
        let (since, cpu) = (audit::mark(self.plane).expect("a mark"), self.controller.cpu());
        std::thread::sleep(IDLE);
        let used = (self.controller.cpu() - cpu) / IDLE.as_secs_f64() * 1e2;
        let requests = audit::requests(self.plane, since, USER).expect("requests");
        let others = requests.iter().filter(|r| r.verb != "watch" && r.resource != "leases");
        println!(
            "{:52} {:8.1} MB (goal 25) and {:.1} MB of its program, {used:.2} % of a core (goal 1), {} requests",
            "idle for a minute",
            self.controller.memory(),
            self.controller.mapped(),
            others.count()
        );
    }

    async fn many_edits(&self) {
        let before = self.controller.memory();
        let last = PORT + 50 + EDITS;
        let begin = Instant::now();
        for port in last - EDITS..=last {
            self.edit(port).await;
        }
        let (sent, begin) = (begin.elapsed(), Instant::now());
        let console = Kind::new("", "v1", "Service").named(Some(SYSTEM), "ks-console");
        let mut changes = self.watch(&console).await;
        until(&mut changes, |service| service["spec"]["ports"][0]["nodePort"] == last).await;
        let won = begin.elapsed();
        self.settled().await;
        println!(
            "{:52} {:8.0} ms until the last one is there; memory {before:.1} MB before, {:.1} MB after",
            format!("{EDITS} edits in {:.1} s", sent.as_secs_f64()),
            won.as_secs_f64() * 1e3,
            self.controller.memory()
        );
    }

    async fn foreign_writes(&self) {
        let (since, cpu) = (audit::mark(self.plane).expect("a mark"), self.controller.cpu());
        let (begin, each) = (Instant::now(), Duration::from_secs(60) / FOREIGN);
        for number in 0..FOREIGN {
            let body = json!({
                "apiVersion": "v1", "kind": "ConfigMap", "data": {"number": number.to_string()},
                "metadata": {"name": format!("foreign-{}", number % 50), "namespace": "default"},
            });
            self.cluster.apply(&body, Apply::default()).await.expect("a write");
            tokio::time::sleep_until((begin + each * (number + 1)).into()).await;
        }
        let used = (self.controller.cpu() - cpu) / begin.elapsed().as_secs_f64();
        let requests = audit::requests(self.plane, since, USER).expect("requests");
        let others = requests.iter().filter(|r| r.verb != "watch" && r.resource != "leases");
        println!(
            "{:52} {:8.2} % of a core, {} requests",
            format!("{FOREIGN} writes of others within a minute"),
            used * 1e2,
            others.count()
        );
    }
}

fn configuration() -> ObjectId {
    Kind::new("installer.kubesphere.io", "v1alpha1", "ClusterConfiguration")
        .named(Some(SYSTEM), "ks-installer")
}

/// The next state of a watched object that is as wanted.
async fn until(changes: &mut Changes, wanted: impl Fn(&Value) -> bool) -> Value {
    let found = async {
        loop {
            match changes.next().await.expect("a watch without end") {
                Change::Applied(body) if wanted(&body) => return body,
                _ => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), found).await.expect("what is awaited")
}

fn told(name: &str, mut took: Vec<Duration>) {
    took.sort();
    let of = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
    let (middle, most) = (of(50), took.last().copied().unwrap_or_default());
    println!(
        "{name:52} {:8.0} ms median of {}, {:.0} ms at most",
        middle.as_secs_f64() * 1e3,
        took.len(),
        most.as_secs_f64() * 1e3
    );
}
