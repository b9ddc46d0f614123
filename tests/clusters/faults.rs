//! Faults around a whole run of ksi, on real API servers: what it says of them, and that the next run
//! goes on from there.

#[path = "faults/clocks.rs"]
mod clocks;
#[path = "faults/etcd.rs"]
mod etcd;
#[path = "faults/network.rs"]
mod network;
#[path = "faults/server.rs"]
mod server;
#[path = "faults/stage.rs"]
mod stage;
#[path = "faults/webhooks.rs"]
mod webhooks;
