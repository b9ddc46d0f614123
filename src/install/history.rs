//! The history: which configurations were applied, without their secrets.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::effective::document;
use super::error::Error;
use crate::cluster::Cluster;
use crate::config::{self, Configuration};
use crate::plan::Summary;
use crate::target::{self, About, ClusterTarget, Revision};
use crate::yaml::{self, Path, Step};

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

/// The configurations that were applied, the newest one last.
///
/// # Errors
/// They cannot be read.
pub async fn list(cluster: &Cluster) -> Result<Vec<Revision>, Error> {
    // Reading takes no lock, so the holder does not matter.
    Ok(ClusterTarget::new(cluster, "").history().await?)
}

/// Adds a configuration that was just applied.
///
/// # Errors
/// It cannot be written.
pub(super) async fn keep(
    target: &ClusterTarget,
    record: &Record,
    summary: Summary,
) -> Result<(), target::Error> {
    let about = About {
        spec_hash: record.spec_hash.clone(),
        ksi_version: env!("CARGO_PKG_VERSION").to_owned(),
        time: OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default(),
        summary: serde_json::to_value(summary).unwrap_or_default(),
        left_out: record.left_out.clone(),
    };
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
