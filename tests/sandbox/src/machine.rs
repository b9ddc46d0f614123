//! One cluster's own machine: namespaces for processes, mounts, network and cgroups.
//!
//! Everything of a cluster runs in it: ending its first process ends all others, pods included, and
//! its mounts and links go with the namespaces. So there is no list of things to undo.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::process::{start_time, wait_until};
use crate::{cgroups, clean};

/// How the processes that make a machine are recognised, whatever became of the record.
pub const MARK: &str = "KSI_SANDBOX_MACHINE";

/// A running machine, or the record of one that has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    folder: PathBuf,
    cgroup: String,
    init: i32,
    /// When `init` was started: pids are used again.
    started: u64,
}

impl Machine {
    /// Starts one. Below `folder` is all that its cluster writes; `init` is the program that becomes
    /// its first process; `keep` are the folders of the host that processes in it need, beside
    /// system folders.
    ///
    /// # Errors
    /// The kernel or the user lacks what namespaces need; the error has what was said.
    pub fn start(folder: &Path, cgroup: &str, init: &Path, keep: &[&Path]) -> Result<Self> {
        cgroups::make(cgroup)?;
        let script = folder.join("machine.sh");
        fs::write(&script, include_str!("machine.sh"))?;
        let log_path = folder.join("machine.log");
        let log = File::create(&log_path)?;
        let mut child = Command::new("bash")
            .arg(&script)
            .args([folder.as_os_str(), cgroup.as_ref(), init.as_os_str()])
            .args(keep)
            .env(MARK, folder)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .context("cannot run bash")?;
        let outer = child.id();
        let ready = folder.join("machine.ready");
        wait_until("the namespaces of the cluster", Duration::from_secs(20), || {
            Ok(ready.exists() || child.try_wait()?.is_some())
        })?;
        if !ready.exists() {
            let said = fs::read_to_string(&log_path).unwrap_or_default();
            bail!("the kernel does not give the cluster namespaces of its own: {}", said.trim());
        }
        let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"))?;
        let init = children.trim().parse().context("unshare has no child")?;
        let started = start_time(init).context("the machine ended at once")?;
        let machine = Self { folder: folder.to_owned(), cgroup: cgroup.to_owned(), init, started };
        fs::write(folder.join("machine.json"), serde_json::to_vec(&machine)?)?;
        Ok(machine)
    }

    /// The machine of a folder, whether it runs or not.
    ///
    /// # Errors
    /// There is no record of one.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("machine.json");
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        start_time(self.init) == Some(self.started)
    }

    /// Its first process, as the host counts.
    pub fn init(&self) -> i32 {
        self.init
    }

    /// The words that run a command in it.
    pub fn enter(&self) -> Vec<String> {
        let target = self.init.to_string();
        let words = ["nsenter", "--target", &target, "--pid", "--mount", "--net", "--cgroup"];
        words.into_iter().chain(["--uts", "--ipc", "--"]).map(str::to_owned).collect()
    }

    /// A command in it.
    pub fn command(&self, program: &str) -> Command {
        let words = self.enter();
        let mut words = words.iter();
        let mut command = Command::new(words.next().map_or("nsenter", String::as_str));
        command.args(words).arg(program);
        command
    }

    /// The processes in it, as the host counts.
    pub fn processes(&self) -> Vec<i32> {
        let space = |pid: i32| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let own = space(self.init);
        clean::pids().filter(|&pid| own.is_some() && space(pid) == own).collect()
    }

    /// Memory of all its processes in bytes; what they share is counted once.
    pub fn memory(&self) -> u64 {
        let pss = |pid| {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
        };
        self.processes().into_iter().filter_map(pss).sum::<u64>() * 1024
    }

    /// Ends it and everything in it, and waits until it is gone.
    ///
    /// # Errors
    /// A process does not go, or a cgroup is not empty.
    pub fn stop(&self) -> Result<()> {
        let inside = self.processes();
        if self.is_running() {
            // Gone in the meantime is what is wanted.
            let _ = signal::kill(Pid::from_raw(self.init), Signal::SIGKILL);
        }
        let all_gone = || inside.iter().all(|&pid| start_time(pid).is_none());
        wait_until("the processes of the cluster to end", Duration::from_secs(20), || {
            Ok(all_gone())
        })?;
        cgroups::remove(&self.cgroup)
    }
}
