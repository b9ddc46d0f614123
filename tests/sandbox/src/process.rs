//! Processes that outlive the program which started them, and that any later one can find and end.

use std::env;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{self, Signal};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// What is known of a process: enough to end it, and to start it again.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    pid: i32,
    /// Field 22 of `/proc/PID/stat`: a pid that was given to another process has another one.
    started: u64,
    program: PathBuf,
    args: Vec<String>,
}

/// The processes of one folder: `NAME.json` says what runs, `NAME.log` what it says.
#[derive(Debug, Clone)]
pub struct Supervisor {
    folder: PathBuf,
    enter: Vec<String>,
}

impl Supervisor {
    /// The processes of a folder. `enter` are the words that stand before each command, such as
    /// `nsenter --target 7 --net --`.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(folder: &Path, enter: &[String]) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { folder: folder.to_owned(), enter: enter.to_vec() })
    }

    /// Starts a program in a session of its own: Ctrl-C in a terminal does not reach it.
    ///
    /// # Errors
    /// It cannot be started, or one of this name runs already.
    pub fn start(&self, name: &str, program: &Path, args: &[String]) -> Result<()> {
        if self.is_running(name) {
            bail!("{name} runs already, see {}", self.log(name).display());
        }
        let log = File::options().create(true).append(true).open(self.log(name))?;
        let mut words = self.enter.iter().map(String::as_str);
        let mut command = match words.next() {
            Some(first) => {
                let mut command = Command::new(first);
                command.args(words).arg(program);
                command
            }
            None => Command::new(program),
        };
        if env::var_os("GOGC").is_none() {
            // Nearly all are Go programs: a sixth less memory, for a little more work.
            command.env("GOGC", "40");
        }
        command.args(args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let pid = i32::try_from(child.id())?;
        let started = start_time(pid).unwrap_or_default();
        let record = Record { pid, started, program: program.to_owned(), args: args.to_vec() };
        fs::write(self.record(name), serde_json::to_vec_pretty(&record)?)?;
        Ok(())
    }

    /// Sends a signal to the process itself, not to the `nsenter` before it.
    ///
    /// # Errors
    /// It does not run.
    pub fn signal(&self, name: &str, what: Signal) -> Result<()> {
        let record = self.read(name).with_context(|| format!("{name} was never started"))?;
        if !alive(&record) {
            bail!("{name} does not run any more, see {}", self.log(name).display());
        }
        signal::kill(Pid::from_raw(self.inner(&record)), what)
            .with_context(|| format!("cannot send {what} to {name}"))
    }

    /// The pid of the process itself; `None` when it does not run.
    pub fn pid(&self, name: &str) -> Option<i32> {
        self.read(name).filter(alive).map(|record| self.inner(&record))
    }

    /// Ends a process with SIGKILL and waits until it is gone. One that is gone is no error.
    ///
    /// # Errors
    /// It does not go.
    pub fn kill(&self, name: &str) -> Result<()> {
        self.kill_all(&[name])
    }

    /// The same for several at once: none sees another one missing for long.
    ///
    /// # Errors
    /// One of them does not go.
    pub fn kill_all<N: AsRef<str>>(&self, names: &[N]) -> Result<()> {
        let records = names.iter().map(|name| (name.as_ref(), self.read(name.as_ref())));
        let alive: Vec<_> =
            records.filter_map(|(name, record)| Some((name, record.filter(alive)?))).collect();
        for pid in alive.iter().flat_map(|(_, record)| [self.inner(record), record.pid]) {
            // Gone in the meantime is what is wanted.
            let _ = signal::kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        alive.iter().try_for_each(|(name, record)| {
            wait_until(&format!("{name} to end"), Duration::from_secs(10), || {
                Ok(!self::alive(record))
            })
        })
    }

    /// Kills a process and starts the same command again.
    ///
    /// # Errors
    /// It was never started, or cannot be started again.
    pub fn restart(&self, name: &str) -> Result<()> {
        let record = self.read(name).with_context(|| format!("{name} was never started"))?;
        self.kill(name)?;
        self.start(name, &record.program, &record.args)
    }

    /// Whether a process of this name runs.
    pub fn is_running(&self, name: &str) -> bool {
        self.read(name).is_some_and(|record| alive(&record))
    }

    /// The names of all processes that were started here, dead ones included.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                Some(name.strip_suffix(".json")?.to_owned())
            })
            .collect();
        names.sort();
        names
    }

    /// Kills every process that was started here.
    ///
    /// # Errors
    /// One of them does not go.
    pub fn stop_all(&self) -> Result<()> {
        self.kill_all(&self.names())
    }

    /// What a process printed.
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    fn record(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn read(&self, name: &str) -> Option<Record> {
        serde_json::from_slice(&fs::read(self.record(name)).ok()?).ok()
    }

    /// `nsenter` forks when it enters a pid namespace: the process is then its only child.
    fn inner(&self, record: &Record) -> i32 {
        if self.enter.is_empty() {
            return record.pid;
        }
        let children = format!("/proc/{0}/task/{0}/children", record.pid);
        let child = fs::read_to_string(children).ok();
        child.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(record.pid)
    }
}

fn alive(record: &Record) -> bool {
    // Our own dead children stay as zombies until somebody asks for them.
    let _ = waitpid(Pid::from_raw(record.pid), Some(WaitPidFlag::WNOHANG));
    start_time(record.pid) == Some(record.started)
}

/// When a process was started, in clock ticks since boot; `None` for none and for zombies.
pub fn start_time(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold blanks and parentheses: count behind the last one.
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // The first thread may be a zombie while others still hold the process's ports.
    if *fields.first()? == "Z" && fs::read_dir(format!("/proc/{pid}/task")).ok()?.count() < 2 {
        return None;
    }
    fields.get(19)?.parse().ok()
}

/// Asks again and again, after 5 ms at first and every 50 ms at last, until `check` says yes.
///
/// # Errors
/// The time is over; the error names what was awaited and what the last try said.
pub fn wait_until(
    what: &str,
    limit: Duration,
    mut check: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(5);
    loop {
        let answer = check();
        if matches!(answer, Ok(true)) {
            return Ok(());
        }
        if begin.elapsed() > limit {
            let waited = format!("waited {} s for {what}", limit.as_secs());
            return match answer {
                Err(error) => Err(error.context(waited)),
                Ok(_) => bail!(waited),
            };
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}
