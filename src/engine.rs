//! The engine: one way from a plan to its effect, for every caller and every target.
//!
//! Nothing to do? Nothing is touched. Else: lock, keep the values, record the union of what was and
//! what will be ours, write, commit, delete, record the exact set. A kill at any place leaves a state
//! from which the next run goes on: values are kept before anything made from them is written, and
//! nothing of ours is ever outside of the inventory.

mod event;
mod run;
mod unresolved;

pub use event::{Event, Outcome, Phase, Pruned};
pub use run::{Error, Work, run};
