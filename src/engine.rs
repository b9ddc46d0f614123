//! The engine: one way from a configuration to its effect, for every caller and every target.
//!
//! [`look`] reads what is there and plans; it changes nothing, so that a diff is a look. [`apply`]
//! carries a looked-at plan out. Nothing to do? Nothing is touched. Else: lock, look whether
//! everything is still as it was, keep the values, record the union of what was and what will be
//! ours, write, commit, delete, record the exact set. A kill at any place leaves a state from which
//! the next run goes on: values are kept before anything made from them is written, and nothing of
//! ours is ever outside of the inventory.

mod apply;
mod event;
mod look;
mod unresolved;

pub use apply::{Error, apply};
pub use event::{Event, Phase, Pruned};
pub use look::{Desired, Failure, Options, View, look};
