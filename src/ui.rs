//! What a person or a program sees: the only room, beside `cli`, that prints.

mod colour;
mod event;
mod output;

pub use colour::{ColourChoice, wants_colour};
pub use event::{event_json, event_line};
pub use output::Output;
