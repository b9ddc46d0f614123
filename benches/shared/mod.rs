//! What several benches do.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ksi::cluster::{Cluster, ConnectOptions};
use sandbox::control_plane::ControlPlane;

/// ksi with the kubeconfig of an administrator.
pub(crate) fn ksi(plane: &ControlPlane) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ksi"));
    command.env("KUBECONFIG", plane.kubeconfig());
    command
}

/// Runs a command that has to succeed.
pub(crate) fn run(command: &mut Command) {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "{command:?}");
}

/// Works with a connection of its own.
pub(crate) fn connected<T>(plane: &ControlPlane, work: impl AsyncFnOnce(Arc<Cluster>) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let options =
            ConnectOptions { kubeconfig: Some(plane.kubeconfig()), ..ConnectOptions::default() };
        work(Arc::new(Cluster::connect(&options).await.expect("a connection"))).await
    })
}

/// The most memory that a process ever had, as Linux counts it.
pub(crate) fn peak_megabytes(command: &mut Command) -> f64 {
    let mut child: Child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("a process");
    let mut most = 0.0_f64;
    while child.try_wait().expect("a process").is_none() {
        most = most.max(megabytes(child.id(), "VmHWM"));
        std::thread::sleep(Duration::from_millis(2));
    }
    most
}

/// A size in the status of a process: `VmHWM`, `VmRSS`; 0 if it has ended.
pub(crate) fn megabytes(process: u32, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes = line.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}
