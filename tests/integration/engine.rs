//! The engine on a target that runs workloads, with scripts and a test clock.

#[path = "engine/doubles.rs"]
pub(crate) mod doubles;
#[path = "engine/early_writes.rs"]
mod early_writes;
#[path = "engine/faults.rs"]
mod faults;
#[path = "engine/held.rs"]
mod held;
#[path = "engine/order.rs"]
mod order;
#[path = "engine/record.rs"]
mod record;
#[path = "engine/replaced.rs"]
mod replaced;
#[path = "engine/uninstall.rs"]
mod uninstall;
#[path = "engine/waiting.rs"]
mod waiting;
#[path = "engine/world.rs"]
mod world;
