//! Everything that a status is made from. Pure.

use serde_json::Value;

use super::approval::Approval;
use super::cc::{Configured, Mode};
use super::contested::Contest;
use super::problem::Problem;
use super::progress::Progress;
use crate::object::ObjectId;
use crate::status::Report;

/// What runs in the cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Applied {
    /// The generation of the ClusterConfiguration.
    pub generation: i64,
    /// The hash of its specification.
    pub spec_hash: String,
    /// The revision of the history.
    pub revision: Option<u32>,
    /// When it was applied.
    pub time: String,
    /// The version of ksi that did.
    pub ksi_version: String,
}

/// What runs, as the status in the cluster says it.
pub(super) fn recorded(status: &Value) -> Option<Applied> {
    let last = &status["lastApplied"];
    let text = |key: &str| last[key].as_str().unwrap_or_default().to_owned();
    Some(Applied {
        generation: last["generation"].as_i64()?,
        spec_hash: text("specHash"),
        revision: last["revision"].as_u64().and_then(|number| u32::try_from(number).ok()),
        time: text("time"),
        ksi_version: text("ksiVersion"),
    })
}

/// How the last run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There was none yet.
    #[default]
    None,
    /// Everything is as it should be, or is only observed.
    Good,
    /// The configuration is invalid.
    Invalid(Vec<Problem>),
    /// The plan has to be approved.
    Approval(Approval),
    /// It failed.
    Failed {
        /// Why.
        problem: Problem,
        /// What stood in the way, if that is known.
        problems: Vec<Problem>,
        /// When it is repeated; never before an edit without one.
        retries: bool,
    },
}

/// Everything that a status is made from.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// The ClusterConfiguration.
    pub cc: Configured,
    /// The mode now.
    pub mode: Mode,
    /// Others that exist and are not followed.
    pub others: Vec<String>,
    /// The specification that the verdict is about.
    pub judged: Option<String>,
    /// How the last run ended.
    pub verdict: Verdict,
    /// What runs.
    pub applied: Option<Applied>,
    /// How it is.
    pub report: Option<Report>,
    /// How many objects are different from what ksi wrote.
    pub drift: usize,
    /// What is left alone, because others write it again and again.
    pub contests: Vec<Contest>,
    /// Conflicts that the last run left: the object, and why.
    pub conflicts: Vec<(ObjectId, String)>,
    /// The run that is under way, or the last one that is worth a line.
    pub operation: Option<Progress>,
    /// The last approval that was used.
    pub used_approval: Option<String>,
    /// The last request that was handled.
    pub handled_request: Option<String>,
}

impl State {
    /// Whether the specification that is wanted now is the one that runs.
    pub(super) fn is_applied(&self) -> bool {
        self.applied.as_ref().is_some_and(|applied| applied.spec_hash == self.cc.spec_hash)
    }

    /// Whether the last verdict is about the specification that is wanted now.
    pub(super) fn is_judged(&self) -> bool {
        self.judged.as_ref() == Some(&self.cc.spec_hash)
    }

    /// The run that is under way.
    pub(super) fn running(&self) -> Option<&Progress> {
        self.operation.as_ref().filter(|operation| operation.is_running())
    }
}
