//! All integration tests, in one binary: they link once.

#[path = "integration/schema.rs"]
mod schema;
