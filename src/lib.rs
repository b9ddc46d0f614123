//! ksi (draft)
pub mod diagnostic;
pub mod facts;
pub mod inventory;

pub mod object;
pub mod plan;
pub mod values;
pub mod yaml;
