//! Objects, rights, other hands and signals that come in the way of a run: what ksi says, and that the
//! next run finishes.

mod definitions;
mod immutable;
mod interrupted;
mod inventory;
mod namespaces;
mod pods;
mod rights;
mod writers;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use sandbox::builds::Release;
use sandbox::process::wait_until;
use sandbox::proxy::{Fault, FaultProxy, Match, Nth, Rule};
use serde_json::{Value, json};

use crate::installed::{Rig, Said, ksi, sample};
use crate::sweep::{objects, values};

const SYSTEM: &str = "kubesphere-system";
/// How long something may take that takes no time by itself.
const SOON: Duration = Duration::from_secs(30);
/// When a run is over that goes on in the background, whatever happens to it.
const END: Duration = Duration::from_secs(150);
/// How long a request is held up in which a test does something.
const MEANWHILE: Duration = Duration::from_secs(2);

/// A cluster, and a proxy in front of it for runs that something happens to.
struct World {
    rig: Rig,
    proxy: FaultProxy,
}

impl World {
    fn start() -> Option<Self> {
        let rig = Rig::bare(Release::Newest)?;
        let plane = rig.plane();
        let proxy = FaultProxy::start(&plane.kubeconfig(), &plane.folder().join("proxy")).unwrap();
        Some(Self { rig, proxy })
    }

    /// kubectl with the words of a line.
    fn kubectl(&self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.rig.plane().kubectl(&words).unwrap_or_else(|error| panic!("kubectl {line}: {error:#}"))
    }

    /// kubectl with the words of a line and one more, which may hold blanks.
    fn kubectl_with(&self, line: &str, last: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().chain([last]).collect();
        self.rig.plane().kubectl(&words).unwrap_or_else(|error| panic!("kubectl {line}: {error:#}"))
    }

    /// Makes an object as `kubectl create` does.
    fn make(&self, body: &Value) {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), body.to_string()).unwrap();
        self.kubectl(&format!("create -f {}", file.path().display()));
    }

    fn await_that(&self, what: &str, mut check: impl FnMut(&Self) -> bool) {
        wait_until(what, SOON, || Ok(check(self))).unwrap();
    }

    /// `ksi apply` of the smallest sample, straight to the API server.
    fn apply(&self, more: &[&str]) -> Said {
        self.rig.ksi(&words(&sample("none.yaml"), more))
    }

    /// The same through the proxy, as a process that runs on.
    fn begin(&self, more: &[&str]) -> Running {
        self.proxy.forget();
        Running::start(self, &words(&sample("none.yaml"), more))
    }

    /// Writes of a resource take their time from now on.
    fn hold_up(&self, resource: &str) {
        let writes = Match::writes().agent("ksi/").resource(resource);
        self.proxy.set([Rule::new(writes, Nth::All, Fault::Delay(MEANWHILE))]);
    }

    /// The fault is over: a run makes everything as wanted, and the one after it writes nothing. What
    /// was generated is what it was. Gives what ksi recorded as its own.
    fn heals(&self, more: &[&str]) -> Vec<String> {
        self.proxy.set([]);
        let kept = values(&self.rig);
        let said = self.apply(more);
        assert_eq!(said.code, 0, "{}", said.err);
        if kept.is_some() {
            assert_eq!(values(&self.rig), kept, "values changed");
        }
        self.rests(more);
        objects(&self.rig)
    }

    /// A run writes nothing.
    fn rests(&self, more: &[&str]) {
        let since = self.rig.mark();
        let said = self.apply(more).expect(0);
        assert_eq!(self.rig.writes(since), [""; 0], "{}", said.err);
    }

    fn holder(&self) -> String {
        self.kubectl(&format!(
            "-n {SYSTEM} get lease ks-installer-apply -o jsonpath={{.spec.holderIdentity}}"
        ))
    }
}

/// All that stands in the way of a run, one after the other on one cluster.
#[test]
fn what_stands_in_the_way_is_named_and_the_next_run_finishes() {
    let Some(world) = World::start() else { return };
    namespaces::those_that_are_being_deleted_are_waited_for_and_made_anew(&world);
    definitions::one_that_is_being_deleted_is_waited_for_and_made_anew(&world);
    definitions::one_that_is_deleted_under_a_run_is_told_and_made_by_the_next(&world);
    definitions::what_the_server_refuses_is_told_with_its_field(&world);
    one_that_is_too_large_is_told_by_the_server(&world);
    immutable::fields_that_cannot_be_changed_are_told_and_others_go_on(&world);
}

/// More than the 1 MiB that a `ConfigMap` may hold.
fn one_that_is_too_large_is_told_by_the_server(world: &World) {
    let address = format!("https://{}.example", "x".repeat(1 << 20));
    let clients = json!([{"name": "large", "secret": "s", "redirectURIs": [address]}]);
    let large = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    let spec = json!({"authentication": {"oauthOptions": {"clients": clients}}});
    let header = json!({"name": "ks-installer", "namespace": SYSTEM});
    let body = json!({
        "apiVersion": "installer.kubesphere.io/v1alpha1", "kind": "ClusterConfiguration",
        "metadata": header, "spec": spec,
    });
    fs::write(large.path(), body.to_string()).unwrap();
    let said = world.apply(&["-f", large.path().to_str().unwrap()]).expect(4);
    let told = "failed ConfigMap/kubesphere-system/kubesphere-config: cannot write";
    says(&said, &[told, "Too long: may not be more than 1048576 bytes"]);
    assert!(said.err.len() < 10_000, "the text is not repeated");
    world.heals(&[]);
}

/// `--wait=false` unless the caller wants to wait.
fn words<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["apply", "-f", file, "--yes"];
    if !more.contains(&"--wait") {
        words.push("--wait=false");
    }
    if !more.contains(&"--timeout") {
        words.extend(["--timeout", "2m"]);
    }
    words.extend(more);
    words
}

/// A run of ksi that goes on while the test does something.
struct Running {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Running {
    fn start(world: &World, arguments: &[&str]) -> Self {
        let folder = world.rig.plane().folder();
        let (out, err) = (folder.join("ksi.out"), folder.join("ksi.err"));
        let mut command = ksi(world.proxy.kubeconfig(), arguments);
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        Self { child: command.spawn().unwrap(), out, err }
    }

    fn signal(&self, what: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        signal::kill(pid, what).unwrap();
    }

    /// Until it writes such a path.
    fn await_write(&mut self, world: &World, path: &str) {
        let Self { child, err, .. } = self;
        let mut over = false;
        let waited = wait_until(path, SOON, || {
            over = child.try_wait()?.is_some();
            let written = world.proxy.writes();
            Ok(over || written.iter().any(|write| write.path.contains(path)))
        });
        let said = fs::read_to_string(err).unwrap();
        assert!(waited.is_ok() && !over, "not written: {path}\n{said}");
    }

    /// Until it has said something.
    fn await_words(&mut self, words: &str) {
        let Self { child, err, .. } = self;
        let mut said = String::new();
        let waited = wait_until(words, SOON, || {
            said = fs::read_to_string(&*err)?;
            let over = child.try_wait()?.is_some();
            Ok(said.contains(words) || over)
        });
        assert!(waited.is_ok() && said.contains(words), "not said: {words}\n{said}");
    }

    fn end(mut self) -> Said {
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

    /// The same, and how long it took.
    fn ends_within(self, limit: Duration) -> Said {
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

/// Everything of it was said.
fn says(said: &Said, words: &[&str]) {
    for word in words {
        assert!(said.err.contains(word), "not said: {word}\n{}", said.err);
    }
}
