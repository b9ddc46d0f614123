//! Tests on real clusters, in one binary: see docs/sandbox.md for what runs them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

#[path = "clusters/accepted.rs"]
mod accepted;
#[path = "clusters/admission.rs"]
mod admission;
#[path = "clusters/adoption.rs"]
mod adoption;
#[path = "clusters/apply.rs"]
mod apply;
#[path = "clusters/canaries.rs"]
mod canaries;
mod canary;
#[path = "clusters/check.rs"]
mod check;
#[path = "clusters/client.rs"]
mod client;
#[path = "clusters/controller/mod.rs"]
mod controller;
#[path = "clusters/definition.rs"]
mod definition;
#[path = "clusters/faults/mod.rs"]
mod faults;
#[path = "clusters/foreign.rs"]
mod foreign;
#[path = "clusters/hands.rs"]
mod hands;
#[path = "clusters/host/mod.rs"]
mod host;
#[path = "clusters/images/mod.rs"]
mod images;
#[path = "clusters/incluster/mod.rs"]
mod incluster;
#[path = "clusters/installed.rs"]
mod installed;
#[path = "clusters/lock.rs"]
mod lock;
#[path = "clusters/manifests.rs"]
mod manifests;
#[path = "clusters/member/mod.rs"]
mod member;
#[path = "clusters/preflight.rs"]
mod preflight;
#[path = "clusters/rights.rs"]
mod rights;
#[path = "clusters/sweep/mod.rs"]
mod sweep;
#[path = "clusters/uninstall.rs"]
mod uninstall;
#[path = "clusters/verbs/mod.rs"]
mod verbs;
#[path = "clusters/viewer.rs"]
mod viewer;
#[path = "clusters/writers.rs"]
mod writers;
