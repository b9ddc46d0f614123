//! Speed on a real API server, side by side in one run: `make bench`. Same objects, same cluster; the limit
//! is the same requests sent as fast as 16 at a time go, with the same wait for new kinds in between.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "cluster/scale.rs"]
mod scale;
#[allow(dead_code, reason = "each bench uses some of it")]
mod shared;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use ksi::cluster::{Apply, Cluster, Error, Kind};
use ksi::object::{ObjectId, embedded};
use sandbox::addons;
use sandbox::builds::Release;
use sandbox::control_plane::ControlPlane;
use sandbox::harness::Sandbox;
use sandbox::light::Light;
use sandbox::places::Places;
use serde_json::Value;
use shared::{connected, ksi, peak_megabytes, run};

const SAMPLE: &str = "samples/host.yaml";
/// Fresh installations, each on an empty cluster.
const FRESH: usize = 3;
const AGAIN: usize = 10;

fn main() {
    let Some(light) = Light::start(Release::Newest).expect("a control plane") else { return };
    let plane = light.control_plane();
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    run(ksi(plane)
        .args(["apply", "-q", "-f", SAMPLE, "--target"])
        .arg(format!("dir:{}", out.display())));
    let files = files(&out);
    let manifests: Vec<Value> = files.iter().map(|file| manifest(file)).collect();
    let empty = plane.snapshot().expect("a snapshot");

    let mut fresh = [Duration::MAX; 3];
    for _ in 0..FRESH {
        let mut measure = |at: usize, work: &mut dyn FnMut()| {
            plane.restore(&empty).expect("an empty cluster");
            fresh[at] = fresh[at].min(timed(work));
        };
        measure(0, &mut || raw(plane, &manifests));
        measure(1, &mut || kubectl_apply(plane, &files));
        measure(2, &mut || run(&mut apply(plane)));
    }
    let [limit, theirs, ours] = fresh;
    println!(
        "{} objects of {SAMPLE}, best of {FRESH} on an empty cluster, of {AGAIN} on a full one\n",
        manifests.len()
    );
    println!("{:44} {:>8} {:>8}", "fresh apply, pods are not waited for", "ms", "ratio");
    line("the requests themselves, 16 at a time", limit, limit);
    line("ksi apply (goal 1.5)", ours, limit);
    line("kubectl apply --server-side", theirs, limit);

    let again = best(|| run(&mut apply(plane)));
    println!("\n{:44} {:>8} {:>8}", "second run, nothing changed", "ms", "ratio");
    line("ksi apply (goal 250 ms)", again, again);
    line(
        "ksi diff (goal 500 ms)",
        best(|| run(ksi(plane).args(["diff", "-q", "-f", SAMPLE]))),
        again,
    );
    println!("peak memory of ksi apply: {:.0} MB (goal 40)", peak_megabytes(&mut apply(plane)));

    // kubectl asks about every object, and webhooks without a backend would refuse.
    let unguarded = without_webhooks(plane, &files);
    println!("\nkubectl on the same objects but the webhooks");
    line("kubectl apply --server-side", timed(&mut || kubectl_apply(plane, &unguarded)), again);
    let diff = ["diff", "--server-side", "--force-conflicts", "--field-manager=ksi"];
    line("kubectl diff --server-side", timed(&mut || kubectl(plane, &diff, &unguarded)), again);

    scale::measure(plane, &manifests, || {
        plane.restore(&empty).expect("an empty cluster");
        connected(plane, async |cluster| foundation(&cluster, &manifests).await);
    });
    until_healthy();
}

/// Nothing can be compared here: pods take their time. On kwok they are ready at once, but answer no
/// webhook, so that the run itself does not wait.
fn until_healthy() {
    println!("\n{:44} {:>8}", "until everything is healthy", "ms");
    let told = |name: &str, took: Duration| println!("{name:44} {:8.0}", took.as_secs_f64() * 1e3);
    if let Some(light) = Light::start(Release::Newest).expect("a control plane") {
        let plane = light.control_plane();
        let places = Places::from_env().expect("a cache");
        addons::start_kwok(&places, plane, "127.0.0.1", false).expect("a node");
        let mut both = || {
            run(&mut apply(plane));
            run(ksi(plane).args(["wait", "--component", "ks-core", "--timeout", "5m"]));
        };
        told("ks-core on a node of kwok: ksi apply, ksi wait", timed(&mut both));
    }
    if let Some(sandbox) = Sandbox::start(&["host"]).expect("a cluster") {
        let cluster = sandbox.cluster("host").expect("the host");
        let plane = cluster.control_plane().expect("its control plane");
        let arguments = ["apply", "-q", "-f", SAMPLE, "--yes", "--timeout", "10m"];
        told("ksi apply on a real node", timed(&mut || run(ksi(&plane).args(arguments))));
    }
}

/// Deletes the webhook configurations; the files of everything else.
fn without_webhooks(plane: &ControlPlane, files: &[PathBuf]) -> Vec<PathBuf> {
    for kind in ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"] {
        run(plane.kubectl_command().args(["delete", kind, "--all"]));
    }
    let is_webhook = |file: &&PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.contains("webhookconfiguration")
    };
    files.iter().filter(|file| !is_webhook(file)).cloned().collect()
}

fn apply(plane: &ControlPlane) -> Command {
    let mut command = ksi(plane);
    command.args(["apply", "-q", "-f", SAMPLE, "--yes", "--wait=false"]);
    command
}

fn timed(work: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn best(mut work: impl FnMut()) -> Duration {
    (0..AGAIN).map(|_| timed(&mut work)).min().unwrap_or_default()
}

fn line(name: &str, took: Duration, of: Duration) {
    println!(
        "{name:44} {:8.0} {:8.2}",
        took.as_secs_f64() * 1e3,
        took.as_secs_f64() / of.as_secs_f64()
    );
}

/// The manifests of a directory in the order of a run.
fn files(out: &Path) -> Vec<PathBuf> {
    let list = |folder: &Path| -> BTreeSet<PathBuf> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    let folders = list(out).into_iter().filter(|path| !path.ends_with(".ksi"));
    folders.flat_map(|folder| list(&folder)).collect()
}

fn manifest(file: &Path) -> Value {
    let text = std::fs::read_to_string(file).expect("a file");
    embedded::parse(&text).expect("a manifest")
}

fn is_first(id: &ObjectId) -> bool {
    matches!(id.kind.as_str(), "Namespace" | "CustomResourceDefinition")
}

/// kubectl knows new kinds only in a new process.
fn kubectl_apply(plane: &ControlPlane, files: &[PathBuf]) {
    let (first, rest): (Vec<_>, Vec<_>) = files.iter().cloned().partition(|file| {
        let folder = file.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        folder.starts_with("00-") || folder.starts_with("10-")
    });
    let apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=ksi"];
    kubectl(plane, &apply, &first);
    run(plane.kubectl_command().args(["wait", "--for=condition=Established", "crd", "--all"]));
    kubectl(plane, &apply, &rest);
}

fn kubectl(plane: &ControlPlane, arguments: &[&str], files: &[PathBuf]) {
    let mut command = plane.kubectl_command();
    command.args(arguments);
    for file in files {
        command.arg("-f").arg(file);
    }
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    // A diff with differences ends with 1.
    assert!(
        status.is_ok_and(|status| status.code().is_some_and(|code| code <= 1)),
        "{arguments:?}"
    );
}

/// The same requests and nothing else.
fn raw(plane: &ControlPlane, manifests: &[Value]) {
    connected(plane, async |cluster| {
        foundation(&cluster, manifests).await;
        send(&cluster, manifests, |id| !is_first(id)).await.expect("the second wave");
    });
}

/// Namespaces and kinds, until all of these are served, and listed where objects of them follow.
async fn foundation(cluster: &Cluster, manifests: &[Value]) {
    send(cluster, manifests, is_first).await.expect("the first wave");
    let used = manifests.iter().filter_map(ObjectId::of).filter(|id| !is_first(id));
    let used: BTreeSet<Kind> = used.map(|id| Kind::of(&id)).collect();
    let mut missing: BTreeSet<Kind> =
        manifests.iter().flat_map(defined).chain(used.clone()).collect();
    while !missing.is_empty() {
        let groups = missing.iter().map(|kind| (kind.group.clone(), kind.version.clone()));
        cluster.discover(groups).await.expect("the lists of kinds");
        let found = missing.iter().map(|kind| async {
            let known = cluster.resource(kind).await.expect("a kind").is_some();
            let usable = !used.contains(kind) || cluster.is_listed(kind).await.expect("a list");
            (!known || !usable).then(|| kind.clone())
        });
        missing = join_all(found).await.into_iter().flatten().collect();
    }
}

/// The kinds that a definition brings.
fn defined(body: &Value) -> Vec<Kind> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (group, kind) = (text(&body["spec"]["group"]), text(&body["spec"]["names"]["kind"]));
    let is_definition = body["kind"] == "CustomResourceDefinition";
    let versions = body["spec"]["versions"].as_array().into_iter().flatten();
    let served = versions.filter(|version| is_definition && version["served"] == true);
    served.map(|version| Kind::new(&group, &text(&version["name"]), &kind)).collect()
}

async fn send(
    cluster: &Cluster,
    manifests: &[Value],
    wanted: impl Fn(&ObjectId) -> bool,
) -> Result<(), Error> {
    let wave = manifests.iter().filter(|body| ObjectId::of(body).is_some_and(|id| wanted(&id)));
    let force = Apply { force: true, ..Apply::default() };
    // Webhooks without a backend would hold up what they guard.
    let (guards, rest): (Vec<_>, Vec<_>) = wave.partition(|body| {
        body["kind"].as_str().is_some_and(|k| k.ends_with("WebhookConfiguration"))
    });
    try_join_all(rest.into_iter().map(|body| cluster.apply(body, force))).await?;
    try_join_all(guards.into_iter().map(|body| cluster.apply(body, force))).await.map(|_| ())
}
