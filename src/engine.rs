//! Plans and executes changes, for every caller and every target.
//!
//! [`plan`] reads the target and plans without changing anything. [`apply`] executes a plan. If there is
//! nothing to do, it writes nothing. Otherwise it takes the lock, checks that the plan is still the same,
//! deletes what the run [replaces](Replaced), stores the values, records the intent in the inventory, writes, commits, prunes, and records the
//! result. A run that is killed at any point leaves a state from which the next run continues: values
//! are stored before objects that contain them, and every object of ksi is in the inventory.
//!
//! Namespaces and CRDs are written first, for all components. Then each component goes through its
//! [stages](Stage) as soon as its dependencies are healthy. If an object fails, its component and those
//! that depend on it are skipped, others continue, and the [`Error`] at the end lists all problems.
//! Objects are pruned only after all desired objects are written and healthy. When a controller is deleted
//! that leaves finalizers on objects of others, they are removed after its pods have ended.

mod apply;
mod await_deletion;
mod cascading;
mod component;
mod component_plan;
mod component_report;
mod connection;
mod early_writes;
mod error;
mod event;
mod failures;
mod finalizer_removal;
mod finalizers;
mod graph;
mod held;
mod only;
mod options;
mod outcome;
mod planned;
mod poll;
mod prerequisites;
mod record;
mod release;
mod removal;
mod replacement;
mod run;
mod stage;
mod stop;
mod terminating;
mod unresolved;
mod wait;
mod write;

pub use apply::apply;
pub use connection::{Connection, watched};
pub use error::{Error, Incomplete};
pub use event::{ComponentState, ConnectionState, Event, Found, Phase, Pruned};
pub use failures::Failures;
pub use finalizer_removal::remove_finalizers;
pub use graph::Graph;
pub use options::{Options, Replaced, Runner, Wait};
pub use planned::{Desired, Planned, plan, plan_again};
pub use stage::Stage;
pub use stop::Stop;
