//! YAML in and out: the only module that names the YAML crate.
//!
//! [`parse`] makes of a text what kubectl makes of it (`sigs.k8s.io/yaml`: YAML 1.1 booleans, legacy
//! octal, merge keys, floats without a fraction as integers) and keeps beside every key and value
//! where it stands. What kubectl accepts but nobody means (a key twice, an endless alias) is an
//! error here. [`emit`] writes text that kubectl reads back as the same value.

mod emit;
mod node;
mod parse;
mod scalar;
mod syntax;

pub use emit::{emit, emit_documents};
pub use node::{Content, Entry, Node, Path, Step};
pub use parse::{Limits, parse, parse_part};
pub use scalar::resolve_plain;
