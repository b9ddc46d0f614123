//! What Prometheus and the probes learn of the controller. Plain functions update it, and no clock is read.

mod metrics;
mod observer;
mod readiness;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use self::metrics::Metrics;
pub use self::observer::Observer;
pub use self::readiness::Readiness;

/// The content type of [`Telemetry::text`].
pub const CONTENT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComponentState<'a> {
    /// Its name.
    pub component: &'a str,
    /// Its state, as in the status of the ClusterConfiguration.
    pub state: &'a str,
    /// Why, in one word; empty if it is as it should be.
    pub reason: &'a str,
}

/// The metrics of a controller. Clones share them.
#[derive(Debug, Clone)]
pub struct Telemetry(Arc<Mutex<Metrics>>);

impl Telemetry {
    /// Metrics of this version of ksi.
    pub fn new(version: &str) -> Self {
        Self(Arc::new(Mutex::new(Metrics::new(version))))
    }

    fn with<T>(&self, update: impl FnOnce(&mut Metrics) -> T) -> T {
        // Held only for an update or for writing the text, never while something is waited for.
        update(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the installation is as its configuration says, and healthy: condition Ready.
    pub fn ready(&self, ready: bool) {
        self.with(|metrics| metrics.ready.set(ready.into()));
    }

    /// The state of every component, in place of those before.
    pub fn components<'a>(&self, all: impl IntoIterator<Item = ComponentState<'a>>) {
        self.with(|metrics| metrics.components(all));
    }

    /// A field of ours was found changed, or an object deleted: by whom, and the kind of the object.
    pub fn drift(&self, manager: &str, kind: &str) {
        self.with(|metrics| metrics.drift(manager, kind));
    }

    /// A run ended, with a result such as `succeeded` or `failed`.
    pub fn run(&self, result: &str, took: Duration) {
        self.with(|metrics| metrics.run(result, took));
    }

    /// When each certificate expires, in place of what was said of a certificate of this name before.
    pub fn certificate(&self, name: &str, expires: SystemTime) {
        self.with(|metrics| metrics.certificate(name, expires));
    }

    /// Whether a plan waits for approval.
    pub fn approval_waiting(&self, waiting: bool) {
        self.with(|metrics| metrics.approval_waiting.set(waiting.into()));
    }

    /// Since when the controller is paused; `None` if it is not.
    pub fn paused(&self, since: Option<SystemTime>) {
        self.with(|metrics| metrics.paused_since = since);
    }

    /// An admission request was answered.
    pub fn admission(&self, verdict: &str, took: Duration) {
        self.with(|metrics| metrics.admission(verdict, took));
    }

    /// Everything in the format of `OpenMetrics`, at this time.
    pub fn text(&self, now: SystemTime) -> String {
        self.with(|metrics| metrics.text(now))
    }
}

#[cfg(test)]
mod tests;
