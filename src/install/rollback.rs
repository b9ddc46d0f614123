//! An earlier configuration, to be applied again.

use serde_json::{Value, json};

use super::effective::document;
use super::error::Error;
use super::known_values::KnownValues;
use super::prepared::Prepared;
use super::session::Session;
use super::source::Source;
use crate::config::{Configuration, Input};
use crate::object::embedded;
use crate::target::{ClusterTarget, Revision};
use crate::values::{Given, StoredValues};
use crate::yaml;

/// Secrets that ksi stores itself, as pointers below `spec`, and under which names.
const STORED: [(&str, &[&str]); 2] = [
    ("/authentication/jwtSecret", &["jwtSecret"]),
    ("/authentication/adminPassword", &["adminPassword", "adminPasswordHash"]),
];

/// Prepares the configuration of a revision: the one with this number, else the last one that was applied and
/// differs from what the newest run applied or tried to. `top` holds the secrets that the history leaves out.
///
/// # Errors
/// There is no such revision, secrets are missing, or the configuration is invalid on this cluster.
pub async fn prepare(
    session: &Session<ClusterTarget>,
    number: Option<u32>,
    top: Source,
) -> Result<(Revision, Prepared), Error> {
    session.unless_cancelled(Box::pin(prepared(session, number, top))).await
}

async fn prepared(
    session: &Session<ClusterTarget>,
    number: Option<u32>,
    top: Source,
) -> Result<(Revision, Prepared), Error> {
    let revisions = session.target().history().await?;
    let revision = chosen(&revisions, number)?;
    let known = KnownValues::for_given(session.target(), &Given::default()).await?;
    let given = top.clone().load().loaded.spec.as_ref().map(yaml::Node::to_json);
    let draft = top.on_top_of(inputs(revision, &known.all)).load();
    let spec = draft.loaded.spec.as_ref().map(yaml::Node::to_json);
    complete(revision, spec.as_ref())?;
    let mut prepared = draft.check_on(session.cluster()).await?;
    let is_given = |pointer: &str| given.as_ref().and_then(|spec| spec.pointer(pointer)).is_some();
    let stored = STORED.iter().filter(|(pointer, _)| !is_given(pointer));
    prepared.from_cluster = stored.filter_map(|(pointer, _)| pointer.rsplit('/').next()).collect();
    Ok((revision.clone(), prepared))
}

/// The configuration of a revision as it was applied, with the secrets that ksi stores itself.
pub(super) fn source(revision: &Revision, stored: &StoredValues) -> Source {
    Source { inputs: inputs(revision, stored), allow_unknown: true, ..Source::default() }
}

/// The configuration of a revision, and on top of it the secrets that ksi stores itself.
fn inputs(revision: &Revision, stored: &StoredValues) -> Vec<Input> {
    let name = format!("revision {}", revision.number);
    let bytes = without_defaults(&revision.configuration).into_bytes();
    let mut inputs = vec![Input { name, bytes }];
    let mut authentication = serde_json::Map::new();
    let reads_secret = reads_secret(&revision.configuration);
    for (pointer, names) in STORED {
        let text = names.iter().find_map(|name| stored.0.get(*name));
        let key = pointer.rsplit('/').next().unwrap_or_default();
        // A Secret that is named is read again.
        let is_read = key == "jwtSecret" && reads_secret;
        let is_left_out = revision.about.left_out.iter().any(|left_out| left_out == pointer);
        if let Some(text) = text.filter(|_| is_left_out && !is_read) {
            authentication.insert(key.to_owned(), text.clone().into());
        }
    }
    if !authentication.is_empty() {
        let text = document(&json!({ "authentication": authentication })).to_string();
        inputs.push(Input { name: "stored values".to_owned(), bytes: text.into_bytes() });
    }
    inputs
}

/// A configuration of the history without what is so anyway: a key that nobody wrote earns no warning.
fn without_defaults(configuration: &str) -> String {
    let Ok(mut document) = embedded::parse(configuration) else {
        return configuration.to_owned();
    };
    let defaults = serde_json::to_value(Configuration::default()).unwrap_or_default();
    retain_given(&mut document["spec"], &defaults);
    yaml::emit(&document)
}

fn retain_given(value: &mut Value, defaults: &Value) {
    let Value::Object(map) = value else { return };
    map.retain(|key, child| {
        let Some(default) = defaults.get(key) else { return true };
        if child == default {
            return false;
        }
        retain_given(child, default);
        true
    });
}

/// Whether a configuration names the Secret with its jwtSecret.
fn reads_secret(configuration: &str) -> bool {
    let document = embedded::parse(configuration).unwrap_or_default();
    !document["spec"]["authentication"]["jwtSecretRef"].is_null()
}

/// Whether every secret of a revision is there again.
///
/// # Errors
/// Some are not: ksi does not store them.
fn complete(revision: &Revision, spec: Option<&Value>) -> Result<(), Error> {
    let is_stored = |pointer: &str| STORED.iter().any(|(stored, _)| *stored == pointer);
    let missing = revision
        .about
        .left_out
        .iter()
        .filter(|pointer| !is_stored(pointer))
        .filter(|pointer| spec.and_then(|spec| spec.pointer(pointer)).is_none())
        .map(|pointer| pointer.trim_start_matches('/').replace('/', "."));
    let keys: Vec<String> = missing.collect();
    if keys.is_empty() {
        return Ok(());
    }
    Err(Error::MissingSecrets { revision: revision.number, keys })
}

/// Which revision is meant: the one with this number, else the last one that was applied and is not the
/// configuration of the newest run. After a failed run that is the last good one.
///
/// # Errors
/// There is no such one.
fn chosen(revisions: &[Revision], number: Option<u32>) -> Result<&Revision, Error> {
    let newest = revisions.last().map(|newest| &newest.about.spec_hash);
    let is_other = |r: &Revision| r.is_applied() && Some(&r.about.spec_hash) != newest;
    let found = match number {
        Some(number) => revisions.iter().find(|revision| revision.number == number),
        None => revisions.iter().rev().find(|revision| is_other(revision)),
    };
    found.ok_or(Error::NoRevision(number))
}

#[cfg(test)]
mod tests;
