//! The state of an installation: what ksi recorded, what is in the cluster, and what that means.
//!
//! [`Installed`] is the recorded inventory by component, [`Snapshot`] what was read of its objects at
//! once, [`Watch`] the same while it changes. [`Report`] evaluates both; [`Transitions`] turns reports
//! that follow one another into events, and [`Wait`] is the one loop that waits for a state. [`EventQuery`]
//! and [`LogQuery`] read and follow what belongs to an installation.
//! [`NextSteps`] is printed after an installation.

mod about;
mod error;
mod event_filter;
mod events;
mod installed;
mod last_run;
mod logs;
mod next_steps;
mod report;
mod run_follower;
mod snapshot;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod transitions;
mod wait;
mod watch;

pub use about::About;
pub use error::Error;
pub use events::{EventFollower, EventQuery, EventType, EventUpdate, event_line};
pub use installed::{Installed, InstalledComponent, NAMESPACE};
pub use last_run::{Lock, Run, RunState};
pub use logs::{Container, LogError, LogFollower, LogQuery, LogReader, LogUpdate, containers};
pub use next_steps::{Known, NextSteps, after_directory};
pub use report::{Component, Count, Drift, PodTrouble, Report, State, Unhealthy};
pub use run_follower::RunFollower;
pub use snapshot::Snapshot;
pub use table::{TableOptions, table};
pub use transitions::Transitions;
pub use wait::{Outcome, Wait, WaitEvent};
pub use watch::Watch;

pub use crate::object::age::{age, clock, duration_text, timestamp};
