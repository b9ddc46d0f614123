//! All integration tests in one binary.

#[path = "integration/cli.rs"]
mod cli;
#[path = "integration/directory.rs"]
mod directory;
#[path = "integration/docs.rs"]
mod docs;
#[path = "integration/golden.rs"]
mod golden;
#[path = "integration/mutation.rs"]
mod mutation;
#[path = "integration/plan.rs"]
mod plan;
#[path = "integration/render.rs"]
mod render;
#[path = "integration/rooms.rs"]
mod rooms;
#[path = "integration/schema.rs"]
mod schema;
#[path = "integration/secrets.rs"]
mod secrets;
#[path = "integration/validate.rs"]
mod validate;
#[path = "integration/yaml.rs"]
mod yaml;
