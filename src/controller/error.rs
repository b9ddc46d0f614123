//! Why a controller ended.

use super::approval::Approval;
use super::problem::Problem;
use crate::{cluster, install};

/// Why a controller ended. Only a single run ends with anything but an interruption.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no ClusterConfiguration to follow.
    #[error(
        "ClusterConfiguration ks-installer does not exist in namespace kubesphere-system{}", named(.0)
    )]
    NoConfiguration(Vec<String>),
    /// The configuration is invalid; nothing was changed.
    #[error("the configuration is invalid: {}", .0.iter().map(Problem::text).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Problem>),
    /// The plan has to be approved; nothing was changed.
    #[error("nothing was changed: {}", .0.message())]
    ApprovalRequired(Box<Approval>),
    /// The ClusterConfiguration says that nothing is to be changed.
    #[error("nothing was changed: the ClusterConfiguration is paused")]
    Paused,
    /// Fields of others were left alone.
    #[error("{0} objects are in conflict")]
    Conflicts(usize),
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
