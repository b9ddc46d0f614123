//! Parses and writes YAML: the only module that uses the YAML crate.
//!
//! [`parse`] reads text like kubectl (`sigs.k8s.io/yaml`: YAML 1.1 booleans, legacy octal, merge keys,
//! floats without a fraction as integers) and records the place of every key and value. What kubectl
//! accepts but nobody intends (duplicate keys, endless aliases) is an error here. [`emit`] writes text
//! that kubectl reads back as the same value.

mod emit;
mod node;
mod parse;
mod scalar;
mod syntax;

pub use emit::{emit, emit_documents};
pub use node::{Content, Entry, Node, Path, Step};
pub use parse::{Limits, parse, parse_part};
pub use scalar::resolve_plain;
