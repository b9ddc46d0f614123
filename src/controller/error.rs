//! Why a controller ended, or a run of one that was followed.

use std::time::Duration;

use super::approval::Approval;
use super::problem::Problem;
use crate::{cluster, install};

/// Why a controller ended, or a run of one that was followed. A controller that does not end after one run ends only
/// by an interruption.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no ClusterConfiguration to follow.
    #[error(
        "ClusterConfiguration ks-installer does not exist in namespace kubesphere-system{}", named(.0)
    )]
    NoConfiguration(Vec<String>),
    /// The cluster does not know the kind.
    #[error("the cluster has no CRD of ClusterConfiguration")]
    NoKind,
    /// The configuration is invalid; nothing was changed.
    #[error("the configuration is invalid: {}", .0.iter().map(Problem::text).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Problem>),
    /// The plan has to be approved; nothing was changed.
    #[error("nothing was changed: {}", .0.message())]
    ApprovalRequired(Box<Approval>),
    /// The ClusterConfiguration says that nothing is to be changed.
    #[error("nothing was changed: the ClusterConfiguration is paused")]
    Paused,
    /// The configuration is stored, and somebody paused the controller meanwhile.
    #[error("the configuration is stored and waits: the ClusterConfiguration is paused")]
    StoredPaused,
    /// Fields of others were left alone.
    #[error("{0} objects are in conflict")]
    Conflicts(usize),
    /// The run of a live controller failed.
    #[error("the run of the controller failed: {message}")]
    Failed {
        /// The word for why in the status.
        reason: String,
        /// Why, and whether it is tried again.
        message: String,
    },
    /// A live controller found the configuration invalid.
    #[error("the configuration is invalid: {0}")]
    Refused(String),
    /// The plan of a live controller is another one than the one that was reviewed.
    #[error(
        "nothing was changed: the configuration is stored, but the plan of the controller differs from the plan above"
    )]
    OtherPlan {
        /// The hash of its plan.
        hash: String,
    },
    /// Somebody else changed or deleted the ClusterConfiguration while it was followed.
    #[error("ClusterConfiguration ks-installer was edited or deleted by somebody else meanwhile")]
    Edited,
    /// A live controller did not reach the end of its run in time. It goes on.
    #[error("the controller is not done after {}: {message}", humantime::format_duration(*.timeout))]
    TooLong {
        /// How long it was followed.
        timeout: Duration,
        /// What it says.
        message: String,
    },
    /// The run failed.
    #[error(transparent)]
    Install(#[from] install::Error),
    /// The cluster cannot be read.
    #[error(transparent)]
    Cluster(#[from] cluster::Error),
}

fn named(others: &[String]) -> String {
    match others {
        [] => String::new(),
        others => format!("; these are not followed: {}", others.join(", ")),
    }
}
