//! The directory target under the engine: what a run leaves on the disk.

#[path = "directory/crash.rs"]
mod crash;
#[path = "directory/disk.rs"]
mod disk;
#[path = "directory/order.rs"]
mod order;
#[path = "directory/others.rs"]
mod others;
#[path = "directory/runs.rs"]
mod runs;
#[path = "directory/secrets.rs"]
mod secrets;
#[path = "directory/world.rs"]
mod world;
