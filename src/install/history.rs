//! The history: which configurations were applied or failed, without their secrets.

use std::time::Duration;

use serde_json::Value;
use similar::TextDiff;

use super::effective::{self, document};
use super::error::Error;
use super::session::now;
use crate::cluster::Cluster;
use crate::config::{self, Configuration};
use crate::engine;
use crate::plan::Summary;
use crate::target::{self, About, ClusterTarget, Revision, RunResult};
use crate::yaml::{self, Path, Step};

/// How long a failed run tries to write the history: perhaps it failed because nobody answers.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// What the history gets of a run.
#[derive(Debug)]
pub(super) struct Record {
    spec_hash: String,
    /// The configuration without its secrets.
    text: String,
    /// Where these were.
    left_out: Vec<String>,
    /// How many revisions are stored.
    most: usize,
}

impl Record {
    pub(super) fn new(configuration: &Configuration, most: usize) -> Self {
        let (text, left_out) = without_secrets(configuration);
        Self { spec_hash: configuration.hash(), text, left_out, most }
    }
}

/// The history without secrets, the newest revision last.
///
/// # Errors
/// It cannot be read.
pub async fn list(cluster: &Cluster) -> Result<Vec<Revision>, Error> {
    // Reading takes no lock, so the holder does not matter.
    let mut revisions = ClusterTarget::new(cluster, "").history().await?;
    for revision in &mut revisions {
        revision.configuration = effective::redacted(&revision.configuration);
    }
    Ok(revisions)
}

/// A revision as JSON, with its configuration.
pub fn json(revision: &Revision) -> Value {
    let mut value = serde_json::to_value(&revision.about).unwrap_or_default();
    value["revision"] = revision.number.into();
    value["configuration"] = revision.configuration.as_str().into();
    value
}

/// The revision with this number, else the last one that was applied.
///
/// # Errors
/// There is no such one.
pub fn find(revisions: &[Revision], number: Option<u32>) -> Result<&Revision, Error> {
    let found = match number {
        Some(number) => revisions.iter().find(|revision| revision.number == number),
        None => revisions.iter().rev().find(|revision| revision.is_applied()),
    };
    found.ok_or(Error::NoRevision(number))
}

/// The revision with the configuration of this hash that was applied last. What failed later does not count.
pub(super) fn applied<'r>(revisions: &'r [Revision], hash: &str) -> Option<&'r Revision> {
    let applied = || revisions.iter().rev().filter(|revision| revision.is_applied());
    // A short history may have lost it.
    applied().find(|revision| revision.about.spec_hash == hash).or_else(|| applied().next())
}

/// The lines in which the configurations of two revisions differ; empty if they do not.
pub fn diff(from: &Revision, to: &Revision) -> String {
    let name = |revision: &Revision| format!("revision {}", revision.number);
    let lines = TextDiff::from_lines(&from.configuration, &to.configuration);
    lines.unified_diff().header(&name(from), &name(to)).to_string()
}

/// Adds a run that just ended.
///
/// # Errors
/// It cannot be written.
pub(super) async fn keep(
    target: &ClusterTarget,
    record: &Record,
    answer: Result<&Summary, &engine::Error>,
) -> Result<(), target::Error> {
    let (result, error) = match answer {
        Ok(_) => (RunResult::Applied, None),
        Err(error) => (RunResult::Failed, Some(error.to_string())),
    };
    let about = About {
        result,
        by: target.user().to_owned(),
        error,
        spec_hash: record.spec_hash.clone(),
        ksi_version: env!("CARGO_PKG_VERSION").to_owned(),
        time: now(),
        summary: answer.map(|s| serde_json::to_value(s).unwrap_or_default()).unwrap_or_default(),
        left_out: record.left_out.clone(),
    };
    if result == RunResult::Applied {
        target.store_revision(&about, &record.text, record.most).await?;
        return Ok(());
    }
    // The time of the run may be over, and a run that lost its lock sends nothing more.
    let session = target.cluster().session();
    session.end_in(AFTER_FAILURE);
    let target = ClusterTarget::new(session, target.user());
    target.store_revision(&about, &record.text, record.most).await.map(|_| ())
}

/// The whole configuration with all defaults and without secrets, and where these were.
pub(super) fn without_secrets(configuration: &Configuration) -> (String, Vec<String>) {
    let mut spec = serde_json::to_value(configuration).unwrap_or_default();
    let mut left_out = Vec::new();
    strip(&mut spec, &Path::default(), &mut left_out);
    // What is so by default comes back by itself.
    let defaults = serde_json::to_value(Configuration::default()).unwrap_or_default();
    left_out.retain(|(pointer, secret)| defaults.pointer(pointer) != Some(secret));
    let left_out = left_out.into_iter().map(|(pointer, _)| pointer).collect();
    (yaml::emit(&document(&spec)), left_out)
}

fn strip(value: &mut Value, path: &Path, left_out: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => map.retain(|key, child| {
            let path = path.key(key);
            // A switch of that name is no secret, and neither is an empty text: without it, the
            // configuration would be another one.
            let plain = matches!(child, Value::Bool(_) | Value::Null) || child.as_str() == Some("");
            if config::is_sensitive(&path) && !plain {
                left_out.push((pointer(&path), child.take()));
                return false;
            }
            strip(child, &path, left_out);
            true
        }),
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                strip(item, &path.index(at), left_out);
            }
        }
        _ => {}
    }
}

fn pointer(path: &Path) -> String {
    path.0.iter().fold(String::new(), |text, step| match step {
        Step::Key(key) => format!("{text}/{}", key.replace('~', "~0").replace('/', "~1")),
        Step::Index(at) => format!("{text}/{at}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(number: u32, result: RunResult, configuration: &str) -> Revision {
        let about = About { result, ..About::default() };
        Revision { number, about, configuration: configuration.to_owned() }
    }

    #[test]
    fn the_last_one_that_was_applied_is_found_and_compared() {
        let (good, bad) = (RunResult::Applied, RunResult::Failed);
        let revisions = [
            revision(3, good, "spec:\n  a: 1\n  b: 1\n"),
            revision(4, good, "spec:\n  a: 1\n  b: 2\n"),
            revision(5, bad, ""),
        ];
        let last = find(&revisions, None).unwrap();
        assert_eq!(last.number, 4);
        assert_eq!(find(&revisions, Some(5)).unwrap().number, 5);
        assert!(matches!(find(&revisions, Some(9)), Err(Error::NoRevision(Some(9)))));
        assert!(matches!(find(&revisions[2..], None), Err(Error::NoRevision(None))));
        let diff = diff(find(&revisions, Some(3)).unwrap(), last);
        assert!(diff.starts_with("--- revision 3\n+++ revision 4\n"), "{diff}");
        assert!(diff.ends_with("   a: 1\n-  b: 1\n+  b: 2\n"), "{diff}");
        assert_eq!(super::diff(last, last), "");
    }
}
