//! What a sandbox leaves on the machine: nothing, also when its driver is killed.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sandbox::clean::leftovers;
use sandbox::network::Network;
use sandbox::places::Places;
use sandbox::{cluster, machine, process, requirements};

/// A sandbox beside those that a person (0) and other tests (`Network::TESTS`) may have.
const INSTANCE: u8 = 8;

fn sandbox(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
    command.args(args).env("KSI_SANDBOX_INSTANCE", INSTANCE.to_string());
    command
}

fn run(args: &[&str]) -> Result<String> {
    let out = sandbox(args).output()?;
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let error = String::from_utf8_lossy(&out.stderr).into_owned();
    ensure!(out.status.success(), "sandbox {args:?}: {said}{error}");
    Ok(said)
}

/// Everything that differs between two looks at the machine, in words.
fn state() -> Result<Vec<String>> {
    let network = Network::new(INSTANCE)?;
    let mut state = leftovers(&Places::from_env()?, network)?;
    state.extend(std::fs::read_to_string("/proc/self/mounts")?.lines().map(str::to_owned));
    for (program, args) in [("ip", &["-brief", "address"][..]), ("nft", &["list", "ruleset"])] {
        let out = Command::new(program).args(args).output()?;
        state.extend(String::from_utf8(out.stdout)?.lines().map(str::to_owned));
    }
    // kubelet would set these for the whole machine.
    for setting in ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"] {
        state.push(format!(
            "{setting} {}",
            std::fs::read_to_string(format!("/proc/sys/{setting}"))?
        ));
    }
    for folder in ["/run/containerd", "/var/lib/cni", "/var/lib/containerd", "/var/log/pods"] {
        state.push(format!("{folder} {}", PathBuf::from(folder).exists()));
    }
    Ok(state)
}

/// Starts a cluster in the background, and waits until its machine runs.
fn begin() -> Result<Child> {
    let worker = sandbox(&["up", "--clusters", "leak"]).stdout(Stdio::null()).spawn()?;
    let folder = cluster::folder(&Places::from_env()?, Network::new(INSTANCE)?).join("leak");
    let machine = || machine::Machine::open(&folder).is_ok_and(|machine| machine.is_running());
    process::wait_until("the machine to run", Duration::from_secs(900), || Ok(machine()))?;
    // The control plane is being started then.
    std::thread::sleep(Duration::from_secs(2));
    Ok(worker)
}

fn send(worker: &Child, signal: Signal) -> Result<()> {
    kill(Pid::from_raw(i32::try_from(worker.id())?), signal).context("cannot send a signal")
}

#[test]
fn nothing_is_left() -> Result<()> {
    if !requirements::is_root() {
        return requirements::skip::<()>("clusters with nodes need root").map(drop);
    }
    let _machine = crate::hold_machine();
    run(&["down"])?;
    let before = state()?;

    run(&["up", "--clusters", "leak"])?;
    assert!(!leftovers(&Places::from_env()?, Network::new(INSTANCE)?)?.is_empty());
    run(&["down"])?;
    assert_eq!(state()?, before, "after `down`");

    let mut interrupted = begin()?;
    send(&interrupted, Signal::SIGINT)?;
    interrupted.wait()?;
    assert_eq!(state()?, before, "after Ctrl-C");

    // The worker goes with the one who waits for it.
    let mut killed = begin()?;
    send(&killed, Signal::SIGKILL)?;
    killed.wait()?;
    assert_ne!(state()?, before, "kill -9 came too late to leave anything");
    run(&["down"])?;
    assert_eq!(state()?, before, "after kill -9 and `down`");

    let mut killed = begin()?;
    send(&killed, Signal::SIGKILL)?;
    killed.wait()?;
    let said = run(&["up", "--clusters", "leak"])?;
    assert!(said.contains("removing an incomplete cluster"), "{said}");
    run(&["down"])?;
    assert_eq!(state()?, before, "after kill -9, `up` and `down`");
    Ok(())
}
