//! The images of an installation, where they can be had, and how they come to where they are needed.

pub mod copy;
pub mod lock;
mod place;
pub mod rescue;
mod selection;
mod sink;
mod store;
mod tarball;

pub use place::Place;
pub use selection::{Wanted, items};
