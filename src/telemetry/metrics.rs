//! The metrics by name.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::ComponentState;

/// Labels with their values.
type Labels<const N: usize> = [(&'static str, String); N];

/// Others choose the names of field managers: beyond this many, they share one line.
const MOST_MANAGERS: usize = 100;
/// Seconds of a run: one that changes a field takes less than one, a fresh host minutes.
const RUN: [f64; 9] = [0.1, 0.3, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0];
/// Seconds of an answer.
const ADMISSION: [f64; 7] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0];

pub(super) struct Metrics {
    registry: Registry,
    pub(super) ready: Gauge,
    components: Family<Labels<3>, Gauge>,
    drift: Family<Labels<2>, Counter>,
    managers: BTreeSet<String>,
    runs: Family<Labels<1>, Counter>,
    run_duration: Histogram,
    certificates: Family<Labels<1>, Gauge>,
    pub(super) approval_waiting: Gauge,
    pub(super) paused_since: Option<SystemTime>,
    paused: Gauge,
    admissions: Family<Labels<1>, Counter>,
    admission_duration: Histogram,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    pub(super) fn new(version: &str) -> Self {
        let mut registry = Registry::default();
        let metrics = Self {
            ready: Gauge::default(),
            components: Family::default(),
            drift: Family::default(),
            managers: BTreeSet::new(),
            runs: Family::default(),
            run_duration: Histogram::new(RUN),
            certificates: Family::default(),
            approval_waiting: Gauge::default(),
            paused_since: None,
            paused: Gauge::default(),
            admissions: Family::default(),
            admission_duration: Histogram::new(ADMISSION),
            registry: Registry::default(),
        };
        let build = Info::new([("version", version.to_owned())]);
        registry.register("ksi_build", "Version of the controller", build);
        registry.register(
            "ksi_ready",
            "Whether the configuration is applied and everything is healthy",
            metrics.ready.clone(),
        );
        registry.register(
            "ksi_component_info",
            "State of a component, and why",
            metrics.components.clone(),
        );
        registry.register(
            "ksi_drift",
            "Objects that others changed or deleted and ksi put back",
            metrics.drift.clone(),
        );
        registry.register("ksi_runs", "Runs by their result", metrics.runs.clone());
        registry.register(
            "ksi_run_duration_seconds",
            "Duration of runs",
            metrics.run_duration.clone(),
        );
        registry.register(
            "ksi_certificate_expiry_seconds",
            "When a certificate expires, in seconds since 1970",
            metrics.certificates.clone(),
        );
        registry.register(
            "ksi_approval_waiting",
            "Whether a plan waits for approval",
            metrics.approval_waiting.clone(),
        );
        registry.register(
            "ksi_paused_seconds",
            "For how long the controller is paused",
            metrics.paused.clone(),
        );
        registry.register(
            "ksi_admission_requests",
            "Admission requests by the answer",
            metrics.admissions.clone(),
        );
        registry.register(
            "ksi_admission_duration_seconds",
            "Duration of admission requests",
            metrics.admission_duration.clone(),
        );
        Self { registry, ..metrics }
    }

    pub(super) fn components<'a>(&self, all: impl IntoIterator<Item = ComponentState<'a>>) {
        self.components.clear();
        for ComponentState { component, state, reason } in all {
            let labels = [("component", component), ("state", state), ("reason", reason)];
            self.components.get_or_create(&labels.map(owned)).set(1);
        }
    }

    pub(super) fn drift(&mut self, manager: &str, kind: &str) {
        let is_full = self.managers.len() >= MOST_MANAGERS && !self.managers.contains(manager);
        let manager = if is_full { "other" } else { manager };
        self.managers.insert(manager.to_owned());
        self.drift.get_or_create(&[("manager", manager), ("kind", kind)].map(owned)).inc();
    }

    pub(super) fn run(&self, result: &str, took: Duration) {
        self.runs.get_or_create(&[owned(("result", result))]).inc();
        self.run_duration.observe(took.as_secs_f64());
    }

    pub(super) fn certificate(&self, name: &str, expires: SystemTime) {
        self.certificates.get_or_create(&[owned(("name", name))]).set(seconds(expires));
    }

    pub(super) fn admission(&self, verdict: &str, took: Duration) {
        self.admissions.get_or_create(&[owned(("verdict", verdict))]).inc();
        self.admission_duration.observe(took.as_secs_f64());
    }

    pub(super) fn text(&self, now: SystemTime) -> String {
        let paused = self.paused_since.map_or(0, |since| seconds(now) - seconds(since));
        self.paused.set(paused.max(0));
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

fn owned((name, value): (&'static str, &str)) -> (&'static str, String) {
    (name, value.to_owned())
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
