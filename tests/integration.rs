//! All integration tests in one binary.

#[path = "integration/directory.rs"]
mod directory;
#[path = "integration/mutation.rs"]
mod mutation;
#[path = "integration/plan.rs"]
mod plan;
#[path = "integration/render.rs"]
mod render;
#[path = "integration/schema.rs"]
mod schema;
#[path = "integration/validate.rs"]
mod validate;
#[path = "integration/yaml.rs"]
mod yaml;
