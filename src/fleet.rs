//! The use cases of a host and its members: register, join, list, check, remove, suspend, rejoin.
//!
//! ```text
//! Host::read ──► Host ──┬─ add ──────► Bundle ──► join (on the member)
//!                       ├─ observe ──► Evidence ──checks──► Report        look itself: through the tunnel, at KubeFed,
//!                       │                                                at the member's KubeSphere
//!                       └─ remove, suspend, resume
//! ```
//!
//! The conditions of a Cluster are hearsay: ks-controller-manager v3.4.1 does not take back Ready when an agent or the
//! `KubeSphere` of a member is gone. So every answer here is from the member itself, or says that it is not.

mod account;
mod add;
mod agent_log;
mod checks;
mod clean;
mod configuration;
mod dial;
mod edit;
mod error;
mod evidence;
mod host;
mod join;
mod list;
mod observe;
mod pause;
mod placed;
mod precheck;
mod probe;
mod reach;
mod rejoin;
mod remove;
mod silence;
mod suspend;
mod wait;
mod webhook;

pub use account::install_account;
pub use add::{Added, add, register};
pub use agent_log::agent_complaint;
pub use checks::{MemberCheck, Stage, checks, page, run};
pub use clean::clean_member;
pub use configuration::{member_source, pending, prepare, record};
pub use dial::dial;
pub use error::Error;
pub use evidence::{Evidence, MemberFacts, Reached};
pub use host::Host;
pub use join::{agent_of, install_agent, wait_for_agent, wait_joined};
pub use list::{Line, line, list};
pub use observe::{about, observe};
pub use pause::restore as restore_webhook;
pub use placed::Removal;
pub use precheck::{precheck, verify};
pub use probe::{Arrival, probe};
pub use reach::reach;
pub use rejoin::forget;
pub use remove::{remove, remove_dead};
pub use suspend::{resume, suspend};
pub use webhook::Webhook;

/// What a use case did, for the caller to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was done: `created`, `deleted`, `waiting for`.
    pub verb: &'static str,
    /// To what.
    pub what: String,
    /// In which cluster.
    pub place: String,
}

/// What a use case tells its caller on the way.
pub type Observer<'o> = &'o mut (dyn FnMut(Step) + Send);
