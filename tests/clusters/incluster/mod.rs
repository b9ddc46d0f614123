//! ksi in pods of a real node: as readers of the guides run the controller, as a Job, and in place of ks-installer.

mod guides;
mod job;
mod takeover;

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use sandbox::builds::Release;
use sandbox::cluster::{Cluster, Wish};
use sandbox::control_plane::ControlPlane;
use sandbox::harness::Sandbox;
use sandbox::network::Network;
use serde_json::Value;
use tempfile::TempDir;

use crate::hands::Hands;
use crate::manifests::root;

/// How the guides find the log; the older one is that of KubeSphere before 3.3.
const LOGS: [&str; 2] = [
    "kubectl logs -n kubesphere-system $(kubectl get pod -n kubesphere-system -l 'app in (ks-install, ks-installer)' \
     -o jsonpath='{.items[0].metadata.name}') -f",
    "kubectl logs -n kubesphere-system $(kubectl get pod -n kubesphere-system -l app=ks-install \
     -o jsonpath='{.items[0].metadata.name}') -f",
];

/// The page whose commands are run here.
const PAGE: &str = include_str!("../../../docs/controller.md");

/// A cluster with a real node, in a sandbox of its own.
fn sandbox(number: u8, name: &str) -> Option<Sandbox> {
    let wish = Wish {
        name: name.to_owned(),
        release: Release::Oldest.to_string(),
        real: true,
        kwok: false,
        isolated: false,
        addresses: true,
    };
    Sandbox::start_as(Network::new(number).unwrap(), vec![wish]).unwrap()
}

/// Somebody at a shell with kubectl, in the folder of a clone.
struct Terminal {
    plane: ControlPlane,
    folder: TempDir,
}

impl Hands for Terminal {
    fn plane(&self) -> &ControlPlane {
        &self.plane
    }
}

impl Terminal {
    fn at(cluster: &Cluster) -> Self {
        let plane = cluster.control_plane().unwrap();
        let folder = TempDir::new().unwrap();
        let kubectl = folder.path().join("kubectl");
        let script = format!("#!/bin/sh\nexec {} kubectl \"$@\"\n", plane.binary().display());
        std::fs::write(&kubectl, script).unwrap();
        std::fs::set_permissions(&kubectl, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { plane, folder }
    }

    /// A line of a shell.
    fn shell(&self, line: &str) -> Command {
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(root()).stdin(Stdio::null());
        command.env("PATH", format!("{}:{path}", self.folder.path().display()));
        command.env("KUBECONFIG", self.plane.kubeconfig());
        command
    }

    /// What a line prints.
    fn run(&self, line: &str) -> String {
        let output = self.shell(line).output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{line}\n{out}{error}");
        out
    }

    /// What a line of the page prints.
    fn documented(&self, line: &str) -> String {
        assert!(PAGE.lines().any(|known| known == line), "docs/controller.md has no `{line}`");
        self.run(line)
    }

    /// What a line prints until a line of it has these words; then Ctrl-C.
    fn follow(&self, line: &str, words: &str, limit: Duration) -> String {
        let mut command = self.shell(line);
        let mut child = command.stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            out.lines().map_while(Result::ok).try_for_each(|l| sender.send(l))
        });
        let (deadline, mut text) = (Instant::now() + limit, String::new());
        while !text.contains(words) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(next) = lines.recv_timeout(left) else { break };
            text += &(next + "\n");
        }
        let group = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let _ = killpg(group, Signal::SIGINT);
        child.wait().unwrap();
        assert!(text.contains(words), "{line}: no `{words}`\n{text}\n{}", self.state());
        text
    }

    /// What there is, for messages of failed tests.
    fn state(&self) -> String {
        self.run("kubectl get pods -A -o wide; kubectl get cc -A -o yaml; kubectl get events -n kubesphere-system")
    }

    fn cc(&self) -> Value {
        self.json("cc ks-installer -n kubesphere-system")
    }
}
