//! Faults around a whole run of ksi, on real API servers: what it says of them, and that the next run
//! goes on from there.

mod clocks;
mod etcd;
mod network;
mod objects;
mod running;
mod server;
mod stage;
mod takeover;
mod waiting;
mod webhooks;
