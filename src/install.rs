//! The use cases: what the command line, a Job, a controller and `member join` all call.
//!
//! ```text
//! Source ──load──► Draft ──check, with facts──► Prepared          files, --set, or the cc of a cluster
//!                                                  │
//! Session (cluster or directory) ───review─────────┴──► Review    plan, risks, preflight report
//!                                                          │
//!                                  Consents ──execute──────┴──► Outcome, and events on the way
//! ```
//!
//! [`review`] changes nothing; [`execute`] refuses as long as one of the [risks](Risk) has no
//! [consent](Consent) or a preflight check failed. Uninstalling is the same two steps with
//! [`review_uninstall`]; a rollback is a review with another [source](rollback). Everything that went wrong
//! is an [`Error`] and everything that was found is data: texts that name flags, questions and exit codes
//! belong to the caller.

mod apply;
pub mod assessment;
pub mod cleanup;
mod consent;
pub mod desired;
pub mod diff;
pub mod dry_run;
pub mod effective;
mod error;
mod execute;
mod facts;
mod followed;
pub mod history;
pub mod images;
mod installed;
mod known_values;
mod policy;
mod preflight;
mod prepared;
mod request;
pub mod restricted;
pub mod rollback;
mod safeguards;
mod secret_ref;
mod session;
mod source;
mod uninstall;
mod unrecorded;

pub use apply::review;
pub use consent::{Consent, Consents};
pub use error::{Error, MissingSecret, Rejected};
pub use execute::{Outcome, Review, execute, next_steps};
pub use facts::{FactOverrides, observe_facts};
pub use followed::{Contrary, contrary};
pub use policy::check_restricted;
pub use prepared::{Draft, Prepared};
pub use request::{ApplyRequest, DryRun};
pub use safeguards::{Risk, unconfirmed};
pub use session::Session;
pub use source::Source;
pub use uninstall::{UninstallRequest, review_uninstall};
