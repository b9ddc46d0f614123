//! All integration tests, in one binary: they link once.

#[path = "integration/render.rs"]
mod render;
#[path = "integration/schema.rs"]
mod schema;
