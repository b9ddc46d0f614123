//! Speed and size without a cluster, measured side by side in one run: `make bench`.
//!
//! Times are of whole processes as a user starts them, the best of several runs; memory is the largest
//! of all. Where helm is installed it renders a chart with the same manifests, where kubectl is
//! (Debian: kubernetes-client) it builds them as a kustomization. The last table shows whether work
//! grows in step with its input.

#![allow(clippy::print_stdout, clippy::expect_used, missing_docs)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ksi::config::{self, Input, KUBESPHERE_VERSION, Request};
use ksi::diagnostic::Sources;
use ksi::facts::Facts;
use ksi::object::{Object, Scrubber};
use ksi::plan::{self, Observed, TextOptions};
use ksi::render;
use ksi::validate::{self, Options};
use ksi::values::{self, Given};
use ksi::yaml;
use nix::sys::resource::{UsageWho, getrusage};

const RUNS: usize = 20;
const SAMPLE: &str = "samples/host.yaml";
const DIFF: &[&str] = &["diff", "-q", "-f", SAMPLE, "--against", "none"];
/// Of `kubectl kustomize` with the same manifests, the most that a diff may take.
const SHARE_OF_KUSTOMIZE: f64 = 0.08;

fn main() {
    let ksi = env!("CARGO_BIN_EXE_ksi");
    let size = std::fs::metadata(ksi).map_or(0, |m| m.len());
    println!("ksi, {} MB, best of {RUNS} runs of the whole process\n", size / 1_000_000);
    println!("{:34} {:>9} {:>9} {:>9}", "work on the host role", "ms", "goal", "of goal");
    for (name, args, goal) in [
        ("validate", &["validate", "-q", "-f", SAMPLE][..], None),
        ("validate + render", &["render", "-q", "-f", SAMPLE], None),
        ("validate + render + diff", DIFF, Some(25.0)),
    ] {
        let took = milliseconds(best(|| run(ksi, args)));
        let (goal, ratio) = goal.map_or((String::new(), String::new()), |goal: f64| {
            (format!("{goal:.0}"), format!("{:.2}", took / goal))
        });
        println!("{name:34} {took:9.1} {goal:>9} {ratio:>9}");
    }
    println!("{:34} {:9.1} {:>9}", "peak memory, MB", peak_megabytes(), 30);
    beside_helm(ksi);
    beside_kustomize(ksi);
    growth();
    admission();
    redaction();
}

/// How long the API server waits for an answer about what somebody changes, beside the goal: the best of several.
fn admission() {
    const OLD: &str = "samples/legacy/3.0.yaml";
    println!(
        "\n{:34} {:>9} {:>9} {:>9}",
        "answer to an admission request", "ms", "goal", "of goal"
    );
    let host = object(SAMPLE);
    let mut wrong = host.clone();
    wrong["spec"]["multicluster"]["clusterrole"] = "host".into();
    // Each key is a mistake that stood there before: both objects are checked, the new one twice.
    let mut strange = host.clone();
    for number in 0..1_000 {
        strange["spec"][format!("key-{number}")] = "a text of some length".into();
    }
    let mut stranger = strange.clone();
    stranger["spec"]["zone"] = "cn".into();
    for (name, object, old) in [
        ("an edit of a host", &host, Some(&wrong)),
        ("a mistake", &wrong, Some(&host)),
        ("a file of KubeSphere 3.0", &object(OLD), None),
        ("1,000 unknown keys, as before", &stranger, Some(&strange)),
    ] {
        let review = serde_json::json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {"uid": "1", "object": object, "oldObject": old},
        });
        let text = review.to_string().into_bytes();
        let took = milliseconds(best(|| {
            std::hint::black_box(ksi::admission::review(&text).is_ok());
        }));
        println!("{name:34} {took:9.2} {:9} {:9.2}", 50, took / 50.0);
    }
}

/// The ClusterConfiguration in a file.
fn object(file: &str) -> serde_json::Value {
    let mut sources = Sources::default();
    let text = std::fs::read_to_string(file).expect("run from the project's folder");
    let id = sources.add(file, text);
    let (documents, _) = yaml::parse(&sources, id);
    documents.iter().map(yaml::Node::to_json).find(|d| d["spec"].is_object()).unwrap_or_default()
}

/// How fast secrets are hidden in logs, and that twice the text takes twice the time: in lines, and in one line.
#[allow(clippy::cast_precision_loss)]
fn redaction() {
    const HARMLESS: &str = include_str!("../tests/fixtures/logs/harmless.txt");
    const SECRETS: &str = include_str!("../tests/fixtures/logs/secrets.txt");
    const SIZE: usize = 10_000_000;
    let known: Vec<String> = (0..100).map(|n| format!("A-known-value-{n:04}")).collect();
    let scrubber = Scrubber::knowing(known.iter().map(String::as_bytes));
    println!("\n{:34} {:>9} {:>9} {:>9}", "redaction of 10 MB", "ms", "goal", "growth");
    let short = HARMLESS.to_owned() + SECRETS;
    for (name, part) in [
        ("log lines", short.clone()),
        ("one line", short.replace('\n', " ")),
        ("one line of opening quotes", "token:\"{ ".to_owned()),
        ("one line of assignments", "password=((&".to_owned()),
    ] {
        let whole = part.repeat(SIZE / part.len());
        let half = &whole[..part.len() * (SIZE / part.len() / 2)];
        let time = |text: &str| {
            let start = Instant::now();
            std::hint::black_box(scrubber.text(text));
            start.elapsed().as_secs_f64()
        };
        let (took, took_half) = (time(&whole), time(half));
        let ratio = took / took_half / (whole.len() as f64 / half.len() as f64);
        println!("{name:34} {:9.0} {:9} {ratio:9.2}", took * 1e3, 1000);
    }
}

fn run(program: &str, args: &[&str]) {
    let status =
        Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    // A diff with differences ends with 1.
    assert!(status.is_ok_and(|s| s.code().is_some_and(|c| c <= 1)), "{program} {args:?}");
}

fn best(mut work: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..RUNS).map(time).min().unwrap_or_default()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// The largest of all processes that were waited for so far.
#[allow(clippy::cast_precision_loss)]
fn peak_megabytes() -> f64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0.0, |usage| usage.max_rss() as f64 / 1024.0)
}

fn host() -> Vec<Object> {
    let bytes = std::fs::read(SAMPLE).expect("run from the project's folder");
    let inputs = vec![Input { name: SAMPLE.into(), bytes }];
    let loaded = config::load(Request { inputs, sets: Vec::new() });
    let facts = Facts::default();
    let valid =
        validate::validate(&loaded, &facts, Options::default()).expect("the sample is right");
    let values = values::preview(&Given { tower: true, kubefed: true, ..Given::default() });
    let input = render::Input {
        configuration: &valid.configuration,
        facts: &facts,
        values: &values,
        version: KUBESPHERE_VERSION,
    };
    render::render(&input).expect("the templates are right")
}

/// kubectl with the same manifests as the resources of a kustomization, which it only reads and writes.
fn beside_kustomize(ksi: &str) {
    let version = Command::new("kubectl").args(["version", "--client"]).output();
    let Ok(version) = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    else {
        println!("\nkubectl is not installed: no comparison with kustomize");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut list = "resources:\n".to_owned();
    for (number, object) in host().iter().enumerate() {
        let name = format!("{number:03}.yaml");
        std::fs::write(folder.path().join(&name), yaml::emit(&object.body)).expect("a file");
        let _ = writeln!(list, "- {name}");
    }
    std::fs::write(folder.path().join("kustomization.yaml"), list).expect("a file");
    let path = folder.path().display().to_string();
    let ours = best(|| run(ksi, DIFF));
    let theirs = best(|| run("kubectl", &["kustomize", &path]));
    let version = version.lines().collect::<Vec<_>>().join(", ");
    println!("\nthe same manifests by kubectl kustomize ({version})");
    println!("{:34} {:9.1} ms", "ksi diff", milliseconds(ours));
    println!("{:34} {:9.1} ms", "kubectl kustomize", milliseconds(theirs));
    println!(
        "{:34} {:9.3}, goal {SHARE_OF_KUSTOMIZE}",
        "ksi diff / kubectl kustomize",
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
}

/// helm with a chart of the same manifests: what it does for every chart, and nothing to compute.
fn beside_helm(ksi: &str) {
    let Ok(version) = Command::new("helm").args(["version", "--short"]).output() else {
        println!("\nhelm is not installed: no comparison");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    write_chart(folder.path());
    let chart = folder.path().display().to_string();
    let ours = best(|| run(ksi, &["render", "-q", "-f", SAMPLE]));
    let theirs = best(|| run("helm", &["template", "ks", &chart, "--include-crds"]));
    let version = String::from_utf8_lossy(&version.stdout);
    println!("\nthe same manifests by helm template ({})", version.trim());
    println!("{:34} {:9.1} ms, {:.0} MB", "helm template", milliseconds(theirs), peak_megabytes());
    println!(
        "{:34} {:9.2}",
        "ksi render / helm template",
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
}

fn write_chart(folder: &Path) {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    write("Chart.yaml", "apiVersion: v2\nname: ks\nversion: 0.1.0\n");
    for (number, object) in host().iter().enumerate() {
        // Braces in a manifest would be templates to helm.
        let text = yaml::emit(&object.body).replace("{{", "{ {");
        write(&format!("templates/{number:03}.yaml"), &text);
    }
}

/// Parse, plan and text of 1, 10 and 100 times the objects of a host.
fn growth() {
    let objects = host();
    println!(
        "\n{:>6} {:>9} {:>11} {:>11} {:>11}   ms, and per object as a ratio to 1×",
        "", "objects", "parse", "plan", "text"
    );
    let mut first: Option<[f64; 3]> = None;
    for times in [1_usize, 10, 100] {
        let many: Vec<Object> = (0..times).flat_map(|n| copies(&objects, n)).collect();
        let text = yaml::emit_documents(many.iter().map(|o| &o.body));
        let mut sources = Sources::default();
        let id = sources.add("bench", text);
        let mut timed = [0.0; 3];
        let start = Instant::now();
        let (documents, _) = yaml::parse(&sources, id);
        timed[0] = milliseconds(start.elapsed());
        // The reader has a limit of values, far above any real file.
        assert!(documents.len() == many.len() || times == 100);
        let start = Instant::now();
        let planned = plan::plan(&many, &Observed::default());
        timed[1] = milliseconds(start.elapsed());
        let start = Instant::now();
        let shown = plan::text(&planned, TextOptions::default());
        timed[2] = milliseconds(start.elapsed());
        assert!(!shown.is_empty());
        let one = *first.get_or_insert(timed);
        let mut line = format!("{times:5}× {:9}", many.len());
        #[allow(clippy::cast_precision_loss)]
        for (took, one) in timed.iter().zip(one) {
            let _ = write!(line, " {took:6.1} {:4.2}", took / one / times as f64);
        }
        println!("{line}");
    }
}

/// The same objects under other names.
fn copies(objects: &[Object], number: usize) -> impl Iterator<Item = Object> + '_ {
    objects.iter().cloned().map(move |mut object| {
        object.id.name = format!("{}-{number}", object.id.name);
        object.body["metadata"]["name"] = object.id.name.clone().into();
        object
    })
}
