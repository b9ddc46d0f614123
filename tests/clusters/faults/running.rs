//! A run of ksi that goes on while the test does something.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use sandbox::process::wait_until;
use sandbox::proxy::FaultProxy;

use crate::installed::Said;

/// How long something may take that takes no time by itself.
pub(super) const SOON: Duration = Duration::from_secs(30);
/// When every run is over, whatever happens to it.
const END: Duration = Duration::from_secs(200);

pub(super) struct Running {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Running {
    /// What it says goes into a folder.
    pub(super) fn start(mut command: Command, folder: &Path) -> Self {
        let (out, err) = (folder.join("ksi.out"), folder.join("ksi.err"));
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        Self { child: command.spawn().unwrap(), out, err }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn signal(&self, what: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.id()).unwrap());
        signal::kill(pid, what).unwrap();
    }

    /// Until so many writes came by, however slow the server is.
    pub(super) fn await_writes(&mut self, proxy: &FaultProxy, count: usize) {
        self.await_that(&format!("write {count}"), END, |_| proxy.writes().len() >= count);
    }

    /// Until it writes such a path.
    pub(super) fn await_write(&mut self, proxy: &FaultProxy, path: &str) {
        self.await_that(path, END, |_| {
            proxy.writes().iter().any(|write| write.path.contains(path))
        });
    }

    /// Until it has said something.
    pub(super) fn await_words(&mut self, words: &str) {
        self.await_that(words, SOON, |said| said.contains(words));
    }

    /// Until standard output has something.
    pub(super) fn await_out(&mut self, words: &str) {
        let out = self.out.clone();
        self.await_that(words, SOON, |_| fs::read_to_string(&out).unwrap().contains(words));
    }

    /// Until something is so, of which it may have said something. It must not end before.
    fn await_that(&mut self, what: &str, limit: Duration, check: impl Fn(&str) -> bool) {
        let Self { child, err, .. } = self;
        let (mut said, mut seen) = (String::new(), false);
        let waited = wait_until(what, limit, || {
            let over = child.try_wait()?.is_some();
            said = fs::read_to_string(&*err)?;
            seen = check(&said);
            Ok(seen || over)
        });
        assert!(waited.is_ok() && seen, "not seen: {what}\n{said}");
    }

    pub(super) fn end(mut self) -> Said {
        let mut status = None;
        let waited = wait_until("ksi to end", END, || {
            status = self.child.try_wait()?;
            Ok(status.is_some())
        });
        let text = |path| fs::read_to_string(path).unwrap();
        let said = Said { code: -1, out: text(&self.out), err: text(&self.err) };
        assert!(waited.is_ok(), "it does not end\n{}", said.err);
        Said { code: status.and_then(|status| status.code()).unwrap_or(-1), ..said }
    }

    /// The same, and it takes no longer.
    pub(super) fn ends_within(self, limit: Duration) -> Said {
        let begin = Instant::now();
        let said = self.end();
        assert!(begin.elapsed() < limit, "took {:?}: {}", begin.elapsed(), said.err);
        said
    }
}

/// Nothing goes on after a test that failed.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
