//! Decodes the bytes of an input.

use std::fmt;

use crate::diagnostic::{Code, Diagnostic, SourceId, Sources, Span};

/// One input: a file, standard input, or the text of an object.
#[derive(Clone)]
pub struct Input {
    /// Its name in diagnostics.
    pub name: String,
    /// Its bytes, not decoded yet.
    pub bytes: Vec<u8>,
}

/// Without the bytes, which may hold secrets.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Larger inputs are rejected unread: a ClusterConfiguration has about 10 kB, and etcd stores no object
/// above 1.5 MB.
pub const LARGEST_INPUT: usize = 16 << 20;

/// Adds an input to the sources.
///
/// # Errors
/// Too large, not UTF-8, or with NUL bytes.
pub(super) fn decode(input: Input, sources: &mut Sources) -> Result<SourceId, Diagnostic> {
    let Input { name, mut bytes } = input;
    if bytes.len() > LARGEST_INPUT {
        let size = bytes.len() >> 20;
        let id = sources.add(name, "");
        return Err(Diagnostic::error(
            Code::TooLarge,
            format!("the file is {size} MiB large; the limit is 16 MiB"),
        )
        .at(start_of(id))
        .help("check that this is a ClusterConfiguration, which usually has about 10 kB"));
    }
    if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) {
        bytes.drain(..3);
    }
    if let Some(at) = bytes.iter().position(|b| *b == 0).filter(|_| !is_utf16(&bytes)) {
        let id = sources.add(name, String::from_utf8_lossy(&bytes).into_owned());
        return Err(Diagnostic::error(
            Code::NotUtf8,
            "the file contains a NUL byte, so it is not text",
        )
        .at(Span { source: id, start: at, end: at + 1 })
        .help("remove it, or get the file from its source again"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(sources.add(name, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let byte = bytes.get(at).copied().unwrap_or_default();
            let id = sources.add(name, String::from_utf8_lossy(&bytes).into_owned());
            let help = if is_utf16(&bytes) {
                "the file is UTF-16; save it as UTF-8"
            } else {
                "save the file as UTF-8 in your editor"
            };
            Err(Diagnostic::error(Code::NotUtf8, format!("byte 0x{byte:02x} is not UTF-8 text"))
                .at(Span { source: id, start: at, end: at + 1 })
                .help(help))
        }
    }
}

fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF])
}

/// The place of something that is wrong with a whole source.
pub(super) fn start_of(source: SourceId) -> Span {
    Span { source, start: 0, end: 0 }
}
