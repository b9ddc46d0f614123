//! Manifest files: their content, and their permissions.

use std::path::Path;

use serde_json::Value;

use super::disk::{self, PRIVATE, PUBLIC, shown};
use crate::diagnostic::{Severity, Sources};
use crate::object::{Masker, ObjectId};
use crate::target::{Error, ErrorKind};
use crate::yaml;

/// The manifest in a file of ours, as kubectl would read it; `None` where there is none. Hand edits
/// are seen; a file that holds something else is an error, since writing would destroy it.
pub(super) fn read(path: &Path, id: &ObjectId) -> Result<Option<Value>, Error> {
    let Some(text) = disk::read(path)? else {
        return Ok(None);
    };
    let mut documents = documents(path, text)?;
    documents.retain(|document| !document.is_null());
    let damaged = |cause: String| {
        let help =
            "move everything else to another file, or delete the file to have it written again";
        Err(Error::new(ErrorKind::Damaged, "read", shown(path), cause, help))
    };
    match documents.len() {
        0 => Ok(None),
        1 => match ObjectId::of(&documents[0]) {
            Some(found) if found == *id => Ok(documents.pop()),
            Some(found) => damaged(format!("it contains {found} instead of {id}")),
            None => damaged(format!("it does not contain {id}")),
        },
        n => damaged(format!("it contains {n} documents instead of one")),
    }
}

/// Every document of a YAML file.
pub(super) fn documents(path: &Path, text: String) -> Result<Vec<Value>, Error> {
    let mut sources = Sources::default();
    let id = sources.add(shown(path), text);
    let (nodes, diagnostics) = yaml::parse(&sources, id);
    if let Some(problem) = diagnostics.iter().find(|d| d.severity == Severity::Error) {
        let place = problem.span.map_or_else(|| shown(path), |span| sources.place(span));
        let help = "correct the file, or restore it from version control";
        return Err(Error::new(ErrorKind::Damaged, "read", place, problem.message.clone(), help));
    }
    Ok(nodes.iter().map(yaml::Node::to_json).collect())
}

/// The mode of a new file: what holds passwords, keys or tokens is its owner's alone. Whatever no
/// output may show counts as such.
pub(super) fn mode(id: &ObjectId, body: &Value) -> u32 {
    let mut shown = body.clone();
    Masker::new().mask(id, &mut shown);
    let is_secret = id.is_secret();
    if is_secret || shown != *body { PRIVATE } else { PUBLIC }
}
