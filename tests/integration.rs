//! All integration tests in one binary.

#[path = "integration/yaml.rs"]
mod yaml;
