//! The engine: one way from a configuration to its effect, for every caller and every target.
//!
//! [`plan`] reads what is there and plans; it changes nothing, so that a diff is a review. [`apply`]
//! carries the plan of a review out. Nothing to do? Nothing is touched. Else: lock, look whether the plan
//! is still the same, keep the values, record the union of what was and what will be ours, write,
//! commit, delete, record the exact set. A kill at any place leaves a state from which the next run
//! goes on: values are kept before anything made from them is written, and nothing of ours is ever
//! outside of the inventory.
//!
//! Namespaces and kinds come first, for all components. Then each component goes through its
//! [stages](Stage) as soon as what it needs is healthy. An error of one object stops its component and
//! what needs it; everything else goes on, and the [`Error`] in the end names it all. What is no longer
//! wanted goes only when everything that is wanted is there.

mod apply;
mod component;
mod departure;
mod error;
mod event;
mod gone;
mod graph;
mod groundwork;
mod lost;
mod only;
mod options;
mod outcome;
mod parts;
mod planned;
mod remains;
mod removal;
mod run;
mod stage;
mod stop;
mod unresolved;
mod wait;
mod write;

pub use apply::apply;
pub use error::{Error, Incomplete};
pub use event::{ComponentState, Event, Found, Phase, Pruned};
pub use graph::Graph;
pub use options::{Options, Wait};
pub use planned::{Desired, Planned, plan};
pub use stage::Stage;
pub use stop::Stop;
