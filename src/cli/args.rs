//! Groups of flags that several verbs have, and the types of their values.

pub(super) mod applying;
pub(super) mod connection;
pub(super) mod consents;
pub(super) mod duration;
pub(super) mod facts;
mod flag_names;
pub(super) mod format;
pub(super) mod input;
pub(super) mod listen;
pub(super) mod registry;
pub(super) mod target;

pub(super) use flag_names::flag_names;
