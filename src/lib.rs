//! ksi installs and configures KubeSphere's core and its multi-cluster system from one declarative file.
//!
//! This library is the whole product; the binary only calls [`cli::main`]. Data flows one way:
//!
//! ```text
//! file | stdin | --set
//!    │ bytes → text → YAML as kubectl reads it, each value with its place     yaml, diagnostic
//!    │ documents chosen, old forms read as new ones, files laid over          config
//!    ▼
//! Loaded ── strict schema, then rules ──► Diagnostics                         validate
//!    │ + Facts: what the cluster is                                           facts
//!    │ + Values: secrets and certificates, made once and kept                 values
//!    ▼
//! components chosen, templates rendered ──► desired objects                   render, object
//!    │ + Observed, read through the target
//!    ▼
//! Plan: create, update, adopt, delete, keep, conflict                         plan, inventory
//!    ▼
//! Engine: nothing to do? done : lock → look again → write → wait → prune → record    engine, health
//!    │                                                  │ events
//!    ▼                                                  ▼
//! Target: a cluster, a directory, memory         ui: table, text, JSON        target, cluster, ui
//! ```
//!
//! Beside it stand `check`, where what is read from a cluster is judged by a table of pure checks, and
//! `rights`, the table of what all this may have to be allowed. `install` joins all of this to use cases,
//! review and execute, that every caller shares.
//!
//! The rooms are the modules below. Everything left of `target` is pure: values in, values out, without
//! clock, environment, files or network; the callers (`cli`) bring those. Who may use whom, and which
//! room may name a clock or a file, is written down and checked in `tests/integration/rooms.rs`.

pub mod bundle;
pub mod check;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod diagnose;
pub mod diagnostic;
pub mod engine;
pub mod facts;
pub mod health;
pub mod install;
pub mod inventory;
pub mod object;
pub mod plan;
pub mod render;
pub mod rights;
pub mod status;
pub mod target;
pub mod ui;
pub mod validate;
pub mod values;
pub mod yaml;
