//! ksi (draft)
pub mod config;
pub mod diagnostic;
pub mod facts;
pub mod object;
pub mod plan;
pub mod values;
pub mod yaml;
