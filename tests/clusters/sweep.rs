//! ksi killed in the middle of its writes, on a real API server: the next run finishes.
//!
//! `KSI_SWEEP=all` kills at every write, otherwise at a few that another day chooses.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::SystemTime;

use ksi::inventory::Inventory;
use sandbox::builds::Release;
use sandbox::proxy::{Fault, FaultProxy, Match, Nth, Rule, Victim};
use sandbox::snapshot::Snapshot;

use crate::installed::{Rig, Said, ksi, sample};

const ARGUMENTS: [&str; 3] = ["--yes", "--timeout", "3m"];
const REMOVE: [&str; 3] = ["--delete-crds", "--delete-data", "--delete-namespaces"];
/// A change that many objects follow.
const CHANGE: [&str; 4] =
    ["--set", "local_registry=mirror.example", "--set", "common.redis.enabled=true"];
/// In how many places an installation is killed where not at every write.
const PLACES: usize = 3;
const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

#[test]
fn killed_at_any_write_the_next_run_finishes() {
    let Some(rig) = Rig::bare(Release::Newest) else { return };
    let plane = rig.plane();
    let proxy = FaultProxy::start(rig.kubeconfig(), &plane.folder().join("proxy")).unwrap();
    let host = sample("host.yaml");
    let install = [&["apply", "--wait=false", "-f", host.as_str()], &ARGUMENTS[..]].concat();
    let upgrade = [&install[..], &CHANGE].concat();
    let uninstall = [&["uninstall"], &ARGUMENTS[..], &REMOVE].concat();
    let sweep = |begin, arguments| Sweep { rig: &rig, proxy: &proxy, begin, arguments };

    let (nothing, empty) = (names(&rig), plane.snapshot().unwrap());
    let total = count(&rig, &install);
    assert!(total > 280, "only {total} writes");
    let (installed, host) = (objects(&rig), plane.snapshot().unwrap());
    let changed_by = count(&rig, &upgrade);
    assert!(changed_by > 10, "only {changed_by} writes");
    let upgraded = objects(&rig);

    for at in places(total, PLACES) {
        sweep(&empty, &install).is_finished_by_the_next(at, &installed);
    }
    for at in places(changed_by, 1) {
        sweep(&host, &upgrade).is_finished_by_the_next(at, &upgraded);
    }
    // Of each of ours one write, and some for the lock and the record.
    let deletes = if is_whole() { installed.len() + 20 } else { installed.len() };
    for at in places(deletes, 1) {
        if !sweep(&host, &uninstall).leaves_nothing_to_the_next(at, &nothing) {
            assert!(at > installed.len(), "not killed at write {at}");
            break;
        }
    }
}

/// A run that is killed, always from the same state of the cluster.
struct Sweep<'a> {
    rig: &'a Rig,
    proxy: &'a FaultProxy,
    begin: &'a Snapshot,
    arguments: &'a [&'a str],
}

impl Sweep<'_> {
    /// Kills the run at a write: before it is sent, or when it is done and not answered. Says whether it
    /// came that far.
    fn kill(&self, at: usize) -> bool {
        self.rig.plane().restore(self.begin).unwrap();
        let victim = Victim::default();
        let fault = if at.is_multiple_of(2) {
            Fault::Kill(victim.clone())
        } else {
            Fault::KillAfter(victim.clone())
        };
        let writes = Match::writes().agent("ksi/");
        self.proxy.set([Rule::new(writes, Nth::Only(at), fault)]);
        let mut command = ksi(self.proxy.kubeconfig(), self.arguments);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        victim.set(child.id()).unwrap();
        child.wait().unwrap().signal() == Some(9)
    }

    fn next(&self, at: usize) -> Said {
        let said = self.rig.ksi(self.arguments);
        assert_eq!(said.code, 0, "after a kill at write {at}: {}", said.err);
        said
    }

    fn writes_nothing(&self, at: usize) -> Said {
        let since = self.rig.mark();
        let said = self.next(at);
        assert_eq!(self.rig.writes(since), [""; 0], "after a kill at write {at}");
        said
    }

    fn is_finished_by_the_next(&self, at: usize, wanted: &[String]) {
        assert!(self.kill(at), "not killed at write {at}");
        let kept = values(self.rig);
        self.next(at);
        if let Some(kept) = kept {
            assert!(values(self.rig) == Some(kept), "values changed after a kill at write {at}");
        }
        assert_eq!(objects(self.rig), wanted, "after a kill at write {at}");
        self.writes_nothing(at);
    }

    fn leaves_nothing_to_the_next(&self, at: usize, nothing: &str) -> bool {
        if !self.kill(at) {
            return false;
        }
        self.next(at);
        assert_eq!(names(self.rig), nothing, "after a kill at write {at}");
        let said = self.writes_nothing(at);
        assert!(said.err.contains("nothing that ksi made"), "{}", said.err);
        true
    }
}

/// How many writes a run makes.
fn count(rig: &Rig, arguments: &[&str]) -> usize {
    let since = rig.mark();
    rig.ksi(arguments).expect(0);
    rig.writes(since).len()
}

fn is_whole() -> bool {
    std::env::var_os("KSI_SWEEP").is_some_and(|sweep| sweep == "all")
}

/// At which writes to kill.
fn places(total: usize, sampled: usize) -> Vec<usize> {
    if is_whole() {
        return (1..=total).collect();
    }
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let day = usize::try_from(since.as_secs() / SECONDS_OF_A_DAY).unwrap();
    let stride = total.div_ceil(sampled);
    (1 + day % stride..=total).step_by(stride).collect()
}

/// What is generated and kept; `None` before it is.
pub(crate) fn values(rig: &Rig) -> Option<String> {
    let secret =
        ["-n", "kubesphere-system", "get", "secret", "ksi-values", "-o", "jsonpath={.data}"];
    rig.plane().kubectl(&secret).ok()
}

/// What ksi recorded as its own, by name.
pub(crate) fn objects(rig: &Rig) -> Vec<String> {
    let secret = ["-n", "kubesphere-system", "get", "secret", "ksi-inventory", "-o", "json"];
    let secret = serde_json::from_str(&rig.plane().kubectl(&secret).unwrap()).unwrap();
    let inventory = Inventory::from_secret(&secret).unwrap();
    inventory.entries().iter().map(|entry| format!("{} of {}", entry.id, entry.component)).collect()
}

/// What there is of the kinds that are in no namespace.
fn names(rig: &Rig) -> String {
    let kinds = "namespaces,customresourcedefinitions,clusterroles,clusterrolebindings,\
                 validatingwebhookconfigurations,mutatingwebhookconfigurations";
    rig.plane().kubectl(&["get", kinds, "-o", "name"]).unwrap()
}
