//! Manifest files: what they hold, and who may read them.

use std::path::Path;

use serde_json::Value;

use super::disk::{self, PRIVATE, PUBLIC, shown};
use crate::diagnostic::{Severity, Sources};
use crate::object::ObjectId;
use crate::target::{Class, Error};
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
        let help = "move what is not ksi's to a file of its own, or delete the file to have it written anew";
        Err(Error::new(Class::Damaged, "read", shown(path), cause, help))
    };
    match documents.len() {
        0 => Ok(None),
        1 => match ObjectId::of(&documents[0]) {
            Some(found) if found == *id => Ok(documents.pop()),
            Some(found) => damaged(format!("it holds {found} in place of {id}")),
            None => damaged(format!("it does not hold {id}")),
        },
        n => damaged(format!("it holds {n} documents in place of one")),
    }
}

/// Every document of a YAML file.
pub(super) fn documents(path: &Path, text: String) -> Result<Vec<Value>, Error> {
    let mut sources = Sources::default();
    let id = sources.add(shown(path), text);
    let (nodes, diagnostics) = yaml::parse(&sources, id);
    if let Some(problem) = diagnostics.iter().find(|d| d.severity == Severity::Error) {
        let place = problem
            .span
            .map_or_else(|| shown(path), |span| sources.place(span));
        let help = "correct the file, or restore it from version control";
        return Err(Error::new(
            Class::Damaged,
            "read",
            place,
            problem.message.clone(),
            help,
        ));
    }
    Ok(nodes.iter().map(yaml::Node::to_json).collect())
}

/// The mode of a new file: what holds passwords, keys or tokens is its owner's alone.
pub(super) fn mode(id: &ObjectId) -> u32 {
    let secret = match (id.group.as_str(), id.kind.as_str()) {
        ("", "Secret") | ("iam.kubesphere.io", "User") | ("cluster.kubesphere.io", "Cluster") => {
            true
        }
        ("", "ConfigMap") => id.name == "kubesphere-config",
        _ => false,
    };
    if secret { PRIVATE } else { PUBLIC }
}
