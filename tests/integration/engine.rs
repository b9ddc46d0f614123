//! The engine on a place where objects run, by scripts and on a clock that tests turn.

#[path = "engine/doubles.rs"]
pub(crate) mod doubles;
#[path = "engine/early_writes.rs"]
mod early_writes;
#[path = "engine/faults.rs"]
mod faults;
#[path = "engine/order.rs"]
mod order;
#[path = "engine/uninstall.rs"]
mod uninstall;
#[path = "engine/world.rs"]
mod world;
