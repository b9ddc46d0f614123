//! A cluster with a proxy before it, and what has to hold after every fault.

use std::cell::RefCell;
use std::process::{Child, Stdio};
use std::time::Duration;

use sandbox::builds::Release;
use sandbox::control_plane::ControlPlane;
use sandbox::process::wait_until;
use sandbox::proxy::{Fault, FaultProxy, Match, Nth, Rule};
use sandbox::snapshot::Snapshot;
use serde_json::Value;

use crate::installed::{Rig, Said, ksi, sample};
use crate::sweep::values;

/// Writes take so long once the kinds are there: there is time enough to break something while many of
/// them are on their way and more wait for their turn.
const SLOW: Duration = Duration::from_millis(500);
const SLOW_FROM: usize = 60;

/// What is done to a control plane while a run writes.
pub(super) type Deed<'d> = &'d dyn Fn(&ControlPlane);

/// A cluster with a proxy before it.
pub(super) struct Stage {
    pub(super) rig: Rig,
    pub(super) proxy: FaultProxy,
    /// What is applied: all there is without more clusters.
    pub(super) file: String,
    /// The generated values as they were first.
    kept: RefCell<Option<String>>,
}

impl Stage {
    /// `None` where a control plane cannot be built.
    pub(super) fn set() -> Option<Self> {
        Self::with(Vec::new())
    }

    /// The same with more flags for the API server.
    pub(super) fn with(api_arguments: Vec<String>) -> Option<Self> {
        let rig = Rig::bare_with(Release::Newest, api_arguments)?;
        let plane = rig.plane();
        let proxy = FaultProxy::start(&plane.kubeconfig(), &plane.folder().join("proxy")).unwrap();
        let (file, kept) = (sample("none.yaml"), RefCell::default());
        Some(Self { rig, proxy, file, kept })
    }

    /// Another cluster, as it was then.
    pub(super) fn restore(&self, snapshot: &Snapshot) {
        self.plane().restore(snapshot).unwrap();
        self.kept.take();
    }

    pub(super) fn plane(&self) -> &ControlPlane {
        self.rig.plane()
    }

    /// A whole run through the proxy.
    pub(super) fn apply(&self, timeout: &str) -> Said {
        Said::of(self.begin(timeout).wait_with_output().unwrap())
    }

    /// A whole run that has the API server itself before it.
    pub(super) fn apply_directly(&self) -> Said {
        self.rig.ksi(&apply("3m", &self.file))
    }

    fn begin(&self, timeout: &str) -> Child {
        let mut command = ksi(self.proxy.kubeconfig(), &apply(timeout, &self.file));
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// A whole run through the proxy; each deed is done when ksi is at that write, of some 200.
    pub(super) fn apply_while(&self, timeout: &str, deeds: &[(usize, Deed<'_>)]) -> Said {
        let writes = Match::writes().agent("ksi/");
        self.proxy.set([Rule::new(writes, Nth::From(SLOW_FROM), Fault::Delay(SLOW))]);
        self.proxy.forget();
        let run = self.begin(timeout);
        for (number, (at, deed)) in deeds.iter().enumerate() {
            let there = || Ok(self.proxy.writes().len() >= *at);
            wait_until(&format!("write {at}"), Duration::from_secs(60), there).unwrap();
            if number == 0 {
                self.keeps_values();
            }
            deed(self.plane());
        }
        let said = Said::of(run.wait_with_output().unwrap());
        self.proxy.set([]);
        said
    }

    /// What holds when the fault is over: the next run finishes and changes no value, and the one after it
    /// writes nothing.
    pub(super) fn recovers(&self) {
        self.keeps_values();
        // The lock of who could not give it back runs out by itself, which is another test.
        let lock = ["-n", "kubesphere-system", "delete", "lease", "ks-installer-apply"];
        let _ = self.plane().kubectl(&lock);
        self.apply_directly().expect(0);
        self.is_settled();
    }

    /// What holds when a run went through a fault: no value is another one, and the next run writes
    /// nothing.
    pub(super) fn is_settled(&self) {
        self.keeps_values();
        let since = self.rig.mark();
        self.apply_directly().expect(0);
        assert_eq!(self.rig.writes(since), [""; 0]);
    }

    fn keeps_values(&self) {
        let now = values(&self.rig).expect("values are kept before anything else is written");
        let mut kept = self.kept.borrow_mut();
        assert_eq!(*kept.get_or_insert_with(|| now.clone()), now, "generated values changed");
    }

    /// `kubectl apply` of objects.
    pub(super) fn make(&self, objects: &[Value]) {
        for (number, object) in objects.iter().enumerate() {
            let file = self.plane().folder().join(format!("made-{number}.json"));
            std::fs::write(&file, object.to_string()).unwrap();
            self.plane().kubectl(&["apply", "-f", file.to_str().unwrap()]).unwrap();
        }
    }
}

/// The arguments of a run. It does not wait for pods: what guards accounts has no backend on a cluster
/// without real nodes.
pub(super) fn apply<'a>(timeout: &'a str, file: &'a str) -> [&'a str; 7] {
    ["apply", "--yes", "--wait=false", "--timeout", timeout, "-f", file]
}
