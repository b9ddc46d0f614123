//! The logs of an installation: of all pods of its components, read once or followed.
//!
//! Lines are redacted: what looks like a secret is hidden, and escape sequences are removed.

mod container;
mod follow;
mod installer;
mod read;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

pub use container::{Container, containers};
pub use follow::LogFollower;
pub use read::LogReader;

use super::error::Error;
use crate::cluster::{self, LogOptions};

/// Which logs of an installation, and which lines of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Only pods of this component, or of ksi itself where it is `ks-installer`.
    pub component: Option<String>,
    /// Only containers of this name.
    pub container: Option<String>,
    /// Of the containers before their last restart.
    pub previous: bool,
    /// Only so many lines from the end of each log.
    pub tail: Option<i64>,
    /// Only lines of the last seconds.
    pub since_seconds: Option<i64>,
    /// Each line begins with its time.
    pub timestamps: bool,
}

impl LogQuery {
    /// The containers of a pod that the query asks for.
    fn containers(&self, pod: &Value) -> Vec<Container> {
        let mut containers = containers(pod);
        if let Some(name) = &self.container {
            containers.retain(|container| container.name == *name);
        }
        if self.previous {
            containers.retain(|container| container.restarts > 0);
        }
        containers
    }

    fn options(&self, container: &Container) -> LogOptions {
        LogOptions {
            container: Some(container.name.clone()),
            previous: self.previous,
            tail: self.tail,
            since_seconds: self.since_seconds,
            timestamps: self.timestamps,
            ..LogOptions::default()
        }
    }

    /// Why no container of these pods has a log to read.
    fn no_log(&self, pods: &[&Value]) -> LogError {
        let known: BTreeSet<String> =
            pods.iter().flat_map(|pod| containers(pod)).map(|c| c.name).collect();
        let known = known.into_iter().collect();
        match self.container.clone() {
            Some(name) if self.previous => LogError::ContainerNotRestarted { name, known },
            Some(name) => LogError::NoSuchContainer { name, known },
            None if self.previous => LogError::NotRestarted,
            None => LogError::NotStarted,
        }
    }
}

/// What reading or following logs brings.
#[derive(Debug, Clone, PartialEq)]
pub enum LogUpdate {
    /// The next lines of a container.
    Lines {
        /// Whose they are.
        container: Arc<Container>,
        /// The lines without their ends.
        lines: Vec<String>,
    },
    /// A log cannot be read.
    Unreadable(cluster::Error),
    /// A log that is followed broke off for this reason; it is being opened again.
    Reopening {
        /// Whose it is.
        container: Arc<Container>,
        /// What went wrong.
        cause: String,
    },
    /// The connection that watches the pods broke for this reason; it is being made again.
    Reconnecting(String),
}

/// Why there is no log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The installation has no pods.
    #[error("no pods")]
    NoPods,
    /// No pod has a container of this name.
    #[error("container `{name}` not found; containers are: {}", known.join(", "))]
    NoSuchContainer {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// No container of this name was restarted, so none has a previous log.
    #[error("no container `{name}` has restarted; containers that have: {}", known.join(", "))]
    ContainerNotRestarted {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// No container was restarted, so none has a previous log.
    #[error("no container has restarted")]
    NotRestarted,
    /// No container has started yet.
    #[error("no container has started yet")]
    NotStarted,
    /// The installation or its pods cannot be read.
    #[error(transparent)]
    Status(#[from] Error),
}

impl From<cluster::Error> for LogError {
    fn from(error: cluster::Error) -> Self {
        Self::Status(error.into())
    }
}

#[cfg(test)]
mod tests;
