//! A cluster with a proxy before it, runs that something happens to, and what has to hold after every fault.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use sandbox::control_plane::ControlPlane;
use sandbox::process::wait_until;
use sandbox::proxy::{Fault, FaultProxy, Gate, Match, Nth, Rule};
use sandbox::snapshot::Snapshot;

use super::running::{Running, SOON};
use crate::hands::{Hands, SYSTEM};
use crate::installed::{Rig, Said, ksi, release, sample};

/// Writes take so long once the kinds are there: there is time enough to break something while many of
/// them are on their way and more wait for their turn.
const SLOW: Duration = Duration::from_millis(500);
const SLOW_FROM: usize = 60;

/// What is done to a control plane while a run writes.
pub(super) type Deed<'d> = &'d dyn Fn(&ControlPlane);

pub(super) struct Stage {
    pub(super) rig: Rig,
    /// In front of the API server, for runs that something happens to.
    pub(super) proxy: FaultProxy,
    /// The generated values as they were first.
    kept: RefCell<BTreeMap<String, String>>,
}

impl Hands for Stage {
    fn plane(&self) -> &ControlPlane {
        self.rig.plane()
    }
}

impl Stage {
    /// `None` where a control plane cannot be built.
    pub(super) fn set() -> Option<Self> {
        Self::with(Vec::new())
    }

    /// The same with more flags for the API server.
    pub(super) fn with(api_arguments: Vec<String>) -> Option<Self> {
        let rig = Rig::bare_with(release(), api_arguments)?;
        let plane = rig.plane();
        let proxy = FaultProxy::start(&plane.kubeconfig(), &plane.folder().join("proxy")).unwrap();
        Some(Self { rig, proxy, kept: RefCell::default() })
    }

    /// Another cluster, as it was then.
    pub(super) fn restore(&self, snapshot: &Snapshot) {
        self.plane().restore(snapshot).unwrap();
        self.kept.take();
    }

    /// `ksi apply` of the smallest sample, straight to the API server.
    pub(super) fn apply(&self, more: &[&str]) -> Said {
        self.rig.ksi(&apply(&sample("none.yaml"), more))
    }

    /// The same through the proxy, as a process that runs on.
    pub(super) fn begin(&self, more: &[&str]) -> Running {
        self.proxy.forget();
        let command = ksi(self.proxy.kubeconfig(), &apply(&sample("none.yaml"), more));
        Running::start(command, self.plane().folder())
    }

    /// The same when it is at a write of such a path, of which all have this fault.
    pub(super) fn begin_with(&self, fault: Fault, path: &str, more: &[&str]) -> Running {
        let writes = Match::writes().agent("ksi/").contains(path);
        self.proxy.set([Rule::new(writes, Nth::All, fault)]);
        let mut running = self.begin(more);
        running.await_write(&self.proxy, path);
        running
    }

    /// The same when it is at such a write, which is held up until the gate is opened.
    pub(super) fn begin_held(&self, path: &str, more: &[&str]) -> (Running, Gate) {
        let gate = Gate::default();
        (self.begin_with(Fault::Hold(gate.clone()), path, more), gate)
    }

    /// A whole run through the proxy; each deed is done when ksi is at that write, of some 200.
    pub(super) fn apply_while(&self, more: &[&str], deeds: &[(usize, Deed<'_>)]) -> Said {
        let writes = Match::writes().agent("ksi/");
        self.proxy.set([Rule::new(writes, Nth::From(SLOW_FROM), Fault::Delay(SLOW))]);
        let mut running = self.begin(more);
        for (number, (at, deed)) in deeds.iter().enumerate() {
            running.await_writes(&self.proxy, *at);
            if number == 0 {
                self.keeps_values();
                let kept = !self.kept.borrow().is_empty();
                assert!(kept, "values are kept before anything else is written");
            }
            deed(self.plane());
        }
        let said = running.end();
        self.proxy.set([]);
        said
    }

    pub(super) fn await_that(&self, what: &str, mut check: impl FnMut(&Self) -> bool) {
        wait_until(what, SOON, || Ok(check(self))).unwrap();
    }

    /// The fault is over: a run makes everything as wanted, and the one after it writes nothing.
    pub(super) fn heals(&self, more: &[&str]) {
        self.proxy.set([]);
        self.keeps_values();
        self.apply(more).expect(0);
        self.rests(more);
    }

    /// A run writes nothing, and nothing that was generated is new.
    pub(super) fn rests(&self, more: &[&str]) {
        self.keeps_values();
        let since = self.mark();
        let said = self.apply(more).expect(0);
        assert_eq!(self.writes(since), [""; 0], "{}", said.err);
    }

    fn keeps_values(&self) {
        let now = self.values();
        let mut kept = self.kept.borrow_mut();
        // Before the first run there are none.
        if kept.is_empty() {
            *kept = now;
        } else {
            assert!(*kept == now, "generated values changed");
        }
    }

    /// Who has the lock.
    pub(super) fn holder(&self) -> String {
        let path = "jsonpath={.spec.holderIdentity}";
        self.kubectl(&format!("-n {SYSTEM} get lease ks-installer-apply -o {path}"))
    }
}

/// The arguments of a run. It does not wait for pods unless the caller wants it: what guards accounts has
/// no backend on a cluster without real nodes.
pub(super) fn apply<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["apply", "-f", file, "--yes"];
    if !more.contains(&"--wait") {
        words.push("--wait=false");
    }
    if !more.contains(&"--timeout") {
        words.extend(["--timeout", "3m"]);
    }
    words.extend(more);
    words
}

/// Everything of it was said.
pub(super) fn says(said: &Said, words: &[&str]) {
    for word in words {
        assert!(said.err.contains(word), "not said: {word}\n{}", said.err);
    }
}
