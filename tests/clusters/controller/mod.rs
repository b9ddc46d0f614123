//! `ksi controller` as a process beside a light cluster, on which pods run only in name.

mod drift;
mod edits;
mod faults;
mod handover;
mod modes;
mod once;
mod replicas;
mod restricted;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use sandbox::audit::{self, Mark, Request};
use sandbox::control_plane::ControlPlane;
use sandbox::process::wait_until;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::hands::{Hands, SYSTEM};
use crate::installed::{Rig, ksi, release, token};
use crate::manifests::root;

/// Pods do not answer here, so nothing that needs them becomes healthy.
const WITHOUT_WAIT: &[&str] = &["--wait=false"];
/// How long something may take that is not measured.
const LONG: Duration = Duration::from_secs(180);
/// A change of the ClusterConfiguration, merged.
const PATCH: &str = "-n kubesphere-system patch cc ks-installer --type=merge -p";

/// A cluster, and a controller beside it.
struct Followed {
    rig: Rig,
    child: Child,
    /// How it was started.
    command: Command,
    log: PathBuf,
    _folder: TempDir,
}

impl Followed {
    /// A cluster with the CRD, and a controller that has a ClusterConfiguration with this specification.
    fn start(spec: &Value) -> Option<Self> {
        let rig = prepared()?;
        rig.make(cc(spec));
        let followed = Self::beside(rig, WITHOUT_WAIT);
        followed.await_applied();
        Some(followed)
    }

    /// A controller beside a cluster, with more flags.
    fn beside(rig: Rig, flags: &[&str]) -> Self {
        Self::behind(rig, flags, Path::to_owned)
    }

    /// The same with another kubeconfig in place of the controller's.
    fn behind(rig: Rig, flags: &[&str], kubeconfig: impl FnOnce(&Path) -> PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        // Several run on this machine at a time.
        let flags = [&["controller", "--http-addr=", "--webhook-addr="], flags].concat();
        rig.kubectl(&format!("-n {SYSTEM} create serviceaccount follower"));
        rig.kubectl(&format!(
            "create clusterrolebinding follower --clusterrole=cluster-admin --serviceaccount={SYSTEM}:follower"
        ));
        let mut command = ksi(&kubeconfig(&token(rig.plane(), "follower")), &flags);
        let out = File::create(&log).unwrap();
        command.stderr(out.try_clone().unwrap()).stdout(out);
        let child = command.spawn().unwrap();
        Self { rig, child, command, log, _folder: folder }
    }

    /// Starts another process, as the kubelet does after the end of one. It goes on with the same log.
    fn restart(&mut self) {
        self.child = self.command.spawn().unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Until the log has something.
    fn await_log(&self, words: &str) {
        self.until(words, || self.log().contains(words));
    }

    /// Until something is so. The log is shown where it does not come.
    fn until(&self, what: &str, check: impl Fn() -> bool) {
        let waited = wait_until(what, LONG, || Ok(check()));
        assert!(waited.is_ok(), "not seen: {what}\n{}\n{:#}", self.log(), self.status());
    }

    /// What it asked the API server since then, without watches.
    fn requests(&self, since: Mark) -> Vec<Request> {
        let user = format!("system:serviceaccount:{SYSTEM}:follower");
        let requests = audit::requests(self.plane(), since, &user).unwrap();
        requests.into_iter().filter(|request| request.verb != "watch").collect()
    }

    fn status(&self) -> Value {
        self.cc()["status"].clone()
    }

    fn cc(&self) -> Value {
        self.json(&format!("cc ks-installer -n {SYSTEM}"))
    }

    /// Until the specification as it is now runs.
    fn await_applied(&self) {
        self.until("the specification to run", || {
            let cc = self.cc();
            let (generation, status) = (&cc["metadata"]["generation"], &cc["status"]);
            status["lastApplied"]["generation"] == *generation
                && status["observedGeneration"] == *generation
                && status["lastOperation"]["phase"] == "Succeeded"
        });
    }

    /// The condition of this type; null without one.
    fn condition(&self, kind: &str) -> Value {
        let status = self.status();
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        conditions.into_iter().find(|one| one["type"] == kind).unwrap_or_default()
    }

    fn edit(&self, spec: &Value) {
        self.kubectl_with(PATCH, &json!({"spec": spec}).to_string());
    }

    fn annotate(&self, name: &str, value: Option<&str>) {
        let annotations = json!({format!("ksi.kubesphere.io/{name}"): value});
        self.kubectl_with(PATCH, &json!({"metadata": {"annotations": annotations}}).to_string());
    }

    /// The messages of the Events with this reason.
    fn events(&self, reason: &str) -> Vec<String> {
        let all = self.json(&format!("events -n {SYSTEM} --field-selector reason={reason}"));
        let items = all["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|event| event["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn await_event(&self, reason: &str) -> String {
        self.until(reason, || !self.events(reason).is_empty());
        self.events(reason).remove(0)
    }

    /// The value of a field, as kubectl prints it.
    fn field(&self, object: &str, path: &str) -> String {
        self.kubectl(&format!("-n {SYSTEM} get {object} -o jsonpath={{{path}}}"))
    }

    /// Asks it to end, and returns its exit code.
    fn stop(mut self) -> (Option<i32>, String) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        signal::kill(pid, Signal::SIGTERM).unwrap();
        (self.ended(), self.log())
    }

    fn ended(&mut self) -> Option<i32> {
        let mut status = None;
        let waited = wait_until("the controller to end", LONG, || {
            status = self.child.try_wait()?;
            Ok(status.is_some())
        });
        assert!(waited.is_ok(), "{}", self.log());
        status.and_then(|status| status.code())
    }
}

impl Hands for Followed {
    fn plane(&self) -> &ControlPlane {
        self.rig.plane()
    }
}

/// Nothing goes on after a test that failed.
impl Drop for Followed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A cluster with namespace and CRD.
fn prepared() -> Option<Rig> {
    let rig = Rig::bare(release())?;
    rig.kubectl(&format!("create namespace {SYSTEM}"));
    rig.kubectl(&format!("apply -f {}", root().join("deploy/crd.yaml").display()));
    let crd = "crd clusterconfigurations.installer.kubesphere.io";
    rig.await_kubectl(&format!("wait --for=condition=Established {crd}"), true);
    Some(rig)
}

fn cc(spec: &Value) -> Value {
    json!({
        "apiVersion": "installer.kubesphere.io/v1alpha1", "kind": "ClusterConfiguration",
        "metadata": {"name": "ks-installer", "namespace": SYSTEM},
        "spec": spec,
    })
}
