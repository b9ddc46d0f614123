//! ksi installs and configures KubeSphere's core and its multi-cluster components from one declarative file.
//!
//! This library is the whole product; the binary only calls [`cli::main`]. Data flows one way:
//!
//! ```text
//! file | stdin | --set
//!    │ bytes → text → YAML as kubectl reads it, each value with its place     yaml, diagnostic
//!    │ documents selected, old formats migrated, files merged                 config
//!    ▼
//! Loaded ── strict schema, then rules ──► Diagnostics                         validate
//!    │ + Facts: version, nodes, address                                       facts
//!    │ + Values: secrets and certificates, generated once, then stored         values
//!    ▼
//! components selected, templates rendered ──► desired objects                  render, object
//!    │ + Observed, read through the target
//!    ▼
//! Plan: create, update, adopt, delete, keep, conflict                         plan, inventory
//!    ▼
//! Engine: nothing to do? done : lock → plan again → write → wait → prune → record    engine, health
//!    │                                                  │ events
//!    ▼                                                  ▼
//! Target: a cluster, a directory                  ui: table, text, JSON        target, cluster, ui
//! ```
//!
//! `check` evaluates what was read from a cluster with a table of pure checks; `rights` is the table of RBAC
//! rules that ksi needs; `deploy` has the manifests that run ksi in a cluster. `install` joins these modules to use
//! cases (review, execute) that all callers share.
//!
//! The layers are the modules below; docs/architecture.md shows them. The core is pure: values in, values out,
//! without clock, environment, files or network. Which layer may use which, and which may name a clock or a
//! file, is checked in `tests/integration/layers.rs`.

pub mod admission;
pub mod availability;
pub mod bundle;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod controller;
pub mod deploy;
pub mod diagnose;
pub mod diagnostic;
pub mod engine;
pub mod facts;
pub mod fleet;
pub mod health;
pub mod images;
pub mod install;
pub mod inventory;
pub mod member;
pub mod object;
pub mod parallel;
pub mod plan;
pub mod proxy;
pub mod registry;
pub mod render;
pub mod rights;
pub mod serve;
pub mod status;
pub mod target;
pub mod telemetry;
pub mod ui;
pub mod validate;
pub mod values;
pub mod yaml;
