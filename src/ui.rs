//! What a person or a program sees: the only room, beside `cli`, that prints.

mod colour;
mod output;

pub use colour::{ColourChoice, wants_colour};
pub use output::Output;
