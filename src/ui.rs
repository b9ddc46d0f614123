//! Terminal output: the only module, apart from `cli`, that prints.

mod colour;
mod controller;
mod event;
mod live;
mod log;
mod mode;
mod output;
mod progress;
mod screen;
mod transfer;

pub use colour::{ColourChoice, wants_colour};
pub use controller::{ControllerLog, LogFormat};
pub use event::{event_json, event_line};
pub use live::Live;
pub use mode::{Mode, Place, ProgressChoice};
pub use output::Output;
pub use progress::{Progress, TableStyle};
pub use screen::final_message;
pub use transfer::{Transfer, bytes};
