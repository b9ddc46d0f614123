//! What a controller tells: the log prints it, and nothing else.

use super::approval::Approval;
use super::contested::Contest;
use super::decision::Cause;
use super::drift::Repair;
use super::problem::Problem;
use super::progress::Stage;
use crate::engine;
use crate::plan::Summary;
use crate::status::NextSteps;

/// Something that happened.
#[derive(Debug)]
pub enum Notice {
    /// The controller waits for something that it cannot do without.
    Awaits(String),
    /// A run begins.
    Begins {
        /// Its name.
        id: String,
        /// What it is made for.
        cause: Cause,
        /// Who asked for it.
        by: String,
        /// The generation of the ClusterConfiguration.
        generation: i64,
    },
    /// The plan is made, and is carried out.
    Planned(Summary),
    /// An event of the run.
    Event(engine::Event),
    /// Something that others changed was put back.
    Repaired(Repair),
    /// Others changed something, and it is left as it is.
    Drifted(String),
    /// The configuration is invalid.
    Invalid(Vec<Problem>),
    /// The plan has to be approved.
    ApprovalRequired(Approval),
    /// A field is left alone from now on.
    Contested(Contest),
    /// A run has ended.
    Ended {
        /// How.
        stage: Stage,
        /// What was done, or why it failed.
        message: String,
    },
    /// An installation is complete: where it is reached.
    Installed(NextSteps),
    /// Something that a user should know.
    Warning(String),
}
