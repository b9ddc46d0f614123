//! ksi (draft)
pub mod diagnostic;
pub mod facts;
pub mod object;
pub mod plan;
pub mod render;
pub mod values;
pub mod yaml;
