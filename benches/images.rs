//! Copies of a host's images between two local registries, side by side with crane: `make bench`.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sandbox::archive::{self, Image, Layer};
use sandbox::builds::{Program, Release};
use sandbox::places::Places;
use sandbox::registry::{Registry, Wish};

/// How often each copies.
const ROUNDS: usize = 5;
/// What a copy may use, however large the images are.
const MEMORY: f64 = 60.0;

fn main() {
    let plain = Wish { tls: false, ..Wish::default() };
    let Some(from) = Registry::start(plain).expect("a registry") else { return };
    let places = Places::from_env().expect("the cache of the sandbox");
    let crane = Program::Crane.build(&places).expect("crane");
    let folder = tempfile::tempdir().expect("a folder");
    let names = fill(&places, folder.path(), &from);
    let (mut ksi, mut theirs, mut memory) = (Vec::new(), Vec::new(), 0_f64);
    for _ in 0..ROUNDS {
        let (took, peak) = timed(plain, |to| vec![copy(&from, to, &names)]);
        ksi.push(took);
        memory = memory.max(peak);
        let each = |to: &Registry| {
            let command = |name: &String| {
                let mut command = Command::new(&crane);
                command.args(["copy", "--insecure"]);
                let ends = [from.address(), to.address()];
                command.args(ends.map(|registry| format!("{registry}/{name}")));
                command
            };
            names.iter().map(command).collect()
        };
        theirs.push(timed(plain, each).0);
    }
    let (ksi, theirs) = (median(ksi), median(theirs));
    println!("{} images, {} rounds", names.len(), ROUNDS);
    println!("ksi images copy    {ksi:6.2} s  {memory:4.0} MB (goal {MEMORY} MB)");
    println!("crane copy         {theirs:6.2} s");
    println!("ratio              {:6.2}   (goal at most 1)", ksi / theirs);
}

/// Programs of the sandbox as images, of which two share their layer; some have 100 MB.
fn fill(places: &Places, folder: &Path, to: &Registry) -> Vec<String> {
    let programs = [
        ("kubesphere/ks-apiserver:v3.4.1", Program::Kubernetes(Release::Oldest)),
        ("kubesphere/ks-console:v3.4.1", Program::KubeFed),
        ("kubesphere/kubefed:v0.8.1", Program::KubeFed),
        ("kubesphere/ks-controller-manager:v3.4.1", Program::CoreDns),
        ("kubesphere/tower:v0.2.1", Program::StandIns),
        ("kubesphere/kubectl:v1.22.0", Program::Registry),
    ];
    let image = |(name, program): &(&str, Program)| Image {
        name: format!("docker.io/{name}"),
        layer: Layer {
            program: program.build(places).expect("a program"),
            libraries: Vec::new(),
            path: "/program",
            links: &[],
        },
        entrypoint: vec!["/program".to_owned()],
    };
    let images: Vec<_> = programs.iter().map(image).collect();
    let path: PathBuf = folder.join("images.tar");
    archive::write(&images, &path).expect("an archive");
    let mut command = ksi();
    command.args(["images", "copy", "--from", &format!("docker-archive:{}", path.display())]);
    run(command.args(["--to", &to.address(), "--plain-http", &to.address()]));
    programs.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn copy(from: &Registry, to: &Registry, names: &[String]) -> Command {
    let mut command = ksi();
    command.args(["images", "copy"]).args(names);
    for (flag, registry) in [("--from", from), ("--to", to)] {
        command.args([flag, &registry.address(), "--plain-http", &registry.address()]);
    }
    command
}

/// The time of commands that fill an empty registry, and the most memory that one of them used.
fn timed(wish: Wish, commands: impl Fn(&Registry) -> Vec<Command>) -> (f64, f64) {
    let to = Registry::start(wish).expect("a registry").expect("it is built");
    let begin = Instant::now();
    let peak = commands(&to).into_iter().map(|mut command| peak_megabytes(&mut command));
    let peak = peak.fold(0.0, f64::max);
    (begin.elapsed().as_secs_f64(), peak)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn ksi() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ksi"));
    command.arg("--quiet").stdout(Stdio::null());
    command
}

fn run(command: &mut Command) {
    assert!(command.status().expect("a program").success(), "{command:?}");
}

/// The most memory that a process ever had, as Linux counts it.
fn peak_megabytes(command: &mut Command) -> f64 {
    let mut child: Child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("a process");
    let mut most = 0.0_f64;
    while child.try_wait().expect("a process").is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id()));
        let line = status.unwrap_or_default();
        let peak = line.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes =
            peak.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
        most = most.max(kilobytes.unwrap_or_default() / 1024.0);
        std::thread::sleep(Duration::from_millis(2));
    }
    most
}
