//! All integration tests in one binary.

// Helpers of tests may fail like tests; Clippy only knows those inside of `#[test]`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
// Readable beats fast where a test puts its input together.
#![allow(clippy::format_collect, clippy::format_push_string)]

mod canary;
#[path = "integration/cases.rs"]
mod cases;
#[path = "integration/check.rs"]
mod check;
#[path = "integration/cli.rs"]
mod cli;
#[path = "integration/connection.rs"]
mod connection;
#[path = "integration/deploy.rs"]
mod deploy;
#[path = "integration/directory.rs"]
mod directory;
#[path = "integration/docs.rs"]
mod docs;
#[path = "integration/engine.rs"]
mod engine;
#[path = "integration/examples.rs"]
mod examples;
#[path = "integration/golden.rs"]
mod golden;
#[path = "integration/image.rs"]
mod image;
#[path = "integration/install.rs"]
mod install;
#[path = "integration/json.rs"]
mod json;
#[path = "integration/keys.rs"]
mod keys;
#[path = "integration/layers.rs"]
mod layers;
#[path = "integration/monitoring.rs"]
mod monitoring;
#[path = "integration/mutation.rs"]
mod mutation;
#[path = "integration/noise.rs"]
mod noise;
#[path = "integration/plan.rs"]
mod plan;
#[path = "integration/render.rs"]
mod render;
#[path = "integration/rights.rs"]
mod rights;
#[path = "integration/schema.rs"]
mod schema;
#[path = "integration/secrets.rs"]
mod secrets;
#[path = "integration/uninstall.rs"]
mod uninstall;
#[path = "integration/validate.rs"]
mod validate;
#[path = "integration/yaml.rs"]
mod yaml;
