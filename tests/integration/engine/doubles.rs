//! Stand-ins for what the engine works on: a place in memory, and faults by script.

#[path = "doubles/faults.rs"]
mod faults;
#[path = "doubles/life.rs"]
mod life;
#[path = "doubles/memory.rs"]
mod memory;

pub(crate) use faults::Faults;
pub(crate) use life::Life;
pub(crate) use memory::Memory;
