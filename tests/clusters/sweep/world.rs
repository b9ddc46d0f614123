//! A cluster whose life is known, and runs in it that are killed.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use sandbox::control_plane::ControlPlane;
use sandbox::proxy::{Fault, FaultProxy, Match, Nth, Rule, Victim};
use sandbox::snapshot::Snapshot;

use crate::hands::{Hands, SYSTEM};
use crate::installed::{Rig, Said, ksi, release, sample};

const ARGUMENTS: [&str; 3] = ["--yes", "--timeout", "3m"];
const REMOVE: [&str; 3] = ["--delete-crds", "--delete-data", "--delete-namespaces"];
/// When an apply that makes a Service is cut off, Kubernetes keeps its fixed port for up to nine minutes, and
/// the next run waits for it (docs/reliability.md): here is no such port.
const NO_PORTS: [&str; 4] =
    ["--set", "common.core.console.type=ClusterIP", "--set", "multicluster.tower.service=null"];
/// A change that many objects follow.
const CHANGE: [&str; 4] =
    ["--set", "local_registry=mirror.example", "--set", "common.redis.enabled=true"];

pub(super) struct World {
    rig: Rig,
    proxy: FaultProxy,
    host: String,
}

/// A run, and what becomes of a cluster when nothing happens to it.
pub(super) struct Run<'w> {
    pub(super) arguments: Vec<&'w str>,
    begin: Snapshot,
    /// How many it makes, or a few less.
    pub(super) writes: usize,
    end: State,
}

/// What ksi recorded as its own, and what there is of the kinds that are in no namespace.
#[derive(PartialEq)]
struct State {
    objects: Vec<String>,
    names: String,
}

impl Hands for World {
    fn plane(&self) -> &ControlPlane {
        self.rig.plane()
    }
}

impl World {
    /// `None` where a control plane cannot be built.
    pub(super) fn start() -> Option<Self> {
        let rig = Rig::bare(release())?;
        let folder = rig.plane().folder().join("proxy");
        let proxy = FaultProxy::start(rig.kubeconfig(), &folder).unwrap();
        Some(Self { rig, proxy, host: sample("host.yaml") })
    }

    /// An installation, an upgrade and an uninstallation. The last one is not done: what it has to leave
    /// is what was there before the first.
    pub(super) fn life(&self) -> [Run<'_>; 3] {
        let install = ["apply", "--wait=false", "-f", &self.host];
        let install = [&install[..], &ARGUMENTS, &NO_PORTS].concat();
        let upgrade = [&install[..], &CHANGE].concat();
        let uninstall = [&["uninstall"], &ARGUMENTS[..], &REMOVE].concat();
        let nothing = self.state();
        let install = self.undisturbed(install);
        assert!(install.writes > 280, "only {} writes", install.writes);
        let upgrade = self.undisturbed(upgrade);
        assert!(upgrade.writes > 10, "only {} writes", upgrade.writes);
        let begin = self.plane().snapshot().unwrap();
        // Of each of ours one write, and some for the lock and the record.
        let writes = upgrade.end.objects.len();
        [install, upgrade, Run { arguments: uninstall, begin, writes, end: nothing }]
    }

    fn undisturbed<'w>(&self, arguments: Vec<&'w str>) -> Run<'w> {
        let begin = self.plane().snapshot().unwrap();
        let since = self.mark();
        self.rig.ksi(&arguments).expect(0);
        Run { arguments, begin, writes: self.writes(since).len(), end: self.state() }
    }

    fn state(&self) -> State {
        let kinds = "namespaces,customresourcedefinitions,clusterroles,clusterrolebindings,\
                     validatingwebhookconfigurations,mutatingwebhookconfigurations";
        let recorded = self.has(&format!("secret ksi-inventory -n {SYSTEM}"));
        let objects = if recorded { self.objects() } else { Vec::new() };
        State { objects, names: self.kubectl(&format!("get {kinds} -o name")) }
    }

    /// Makes the cluster what it was before a run.
    pub(super) fn restore(&self, run: &Run<'_>) {
        self.plane().restore(&run.begin).unwrap();
    }

    /// Runs ksi until one of its writes, the n-th of some, kills it. Says whether it came that far; otherwise
    /// it has ended well.
    pub(super) fn is_killed(
        &self,
        run: &Run<'_>,
        writes: Match,
        nth: usize,
        fault: fn(Victim) -> Fault,
    ) -> bool {
        let victim = Victim::default();
        let rule = Rule::new(writes.agent("ksi/"), Nth::Only(nth), fault(victim.clone()));
        self.proxy.set([rule]);
        let mut command = ksi(self.proxy.kubeconfig(), &run.arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        victim.set(child.id()).unwrap();
        let output = child.wait_with_output().unwrap();
        let killed = output.status.signal() == Some(9);
        if !killed {
            Said::of(output).expect(0);
        }
        killed
    }

    /// A run that nothing happens to.
    pub(super) fn finishes(&self, run: &Run<'_>, when: &str) {
        let said = self.rig.ksi(&run.arguments);
        assert_eq!(said.code, 0, "{when}: {}", said.err);
    }

    /// What was generated is what it was, unless it went with everything else. Gives what it is now.
    pub(super) fn keeps(
        &self,
        kept: &BTreeMap<String, String>,
        run: &Run<'_>,
        when: &str,
    ) -> BTreeMap<String, String> {
        let now = self.values();
        let gone = now.is_empty() && run.end.objects.is_empty();
        assert!(kept.is_empty() || *kept == now || gone, "{when}: generated values changed");
        now
    }

    /// There is what one undisturbed run would have left, and another one writes nothing.
    pub(super) fn is_at_the_end(&self, run: &Run<'_>, when: &str) {
        let State { objects, names } = self.state();
        assert_eq!(objects, run.end.objects, "{when}");
        assert_eq!(names, run.end.names, "{when}");
        let since = self.mark();
        self.finishes(run, when);
        assert_eq!(self.writes(since), [""; 0], "{when}");
    }
}

/// In turns before the API server has seen a write, and after it has done it: then the answer is lost.
pub(super) fn fault(number: usize) -> fn(Victim) -> Fault {
    if number.is_multiple_of(2) { Fault::Kill } else { Fault::KillAfter }
}
