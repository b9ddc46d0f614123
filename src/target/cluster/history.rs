//! The history: the runs that applied a configuration or tried to, without secrets, one Secret each.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::store::{secret, text};
use super::{ClusterTarget, Error, ErrorKind};
use crate::cluster::{self, Cluster, Kind, Preconditions, Propagation, Selection};
use crate::object::kubesphere;

/// The label of these Secrets.
const LABEL: &str = "ksi.kubesphere.io/history";
const PREFIX: &str = "ksi-history-";
const CONFIGURATION: &str = "configuration";
const ABOUT: &str = "about";
/// How often another run may write the same revision first.
const TRIES: u32 = 5;

/// A configuration that a run applied, or failed to apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its number, from 1.
    pub number: u32,
    /// The run.
    pub about: About,
    /// A whole `ClusterConfiguration` as YAML, without its secrets.
    pub configuration: String,
}

impl Revision {
    /// Whether all of it was applied.
    pub fn is_applied(&self) -> bool {
        self.about.result == RunResult::Applied
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RunResult {
    /// The whole configuration was applied. Revisions of early versions have no result: only these were
    /// stored.
    #[default]
    Applied,
    /// The run failed after it had taken the lock: a part of the configuration may be applied.
    Failed,
}

/// A run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct About {
    /// How it ended.
    pub result: RunResult,
    /// Who ran it: `user@host`. Empty in revisions of early versions.
    pub by: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Hash of the configuration, secrets included.
    pub spec_hash: String,
    /// The version of ksi.
    pub ksi_version: String,
    /// When it ended, RFC 3339.
    pub time: String,
    /// The numbers of written and deleted objects; null if it failed.
    pub summary: Value,
    /// The places of removed secrets, as JSON pointers below `spec`.
    pub left_out: Vec<String>,
}

impl ClusterTarget {
    /// The history, the newest revision last.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn history(&self) -> Result<Vec<Revision>, Error> {
        let mut revisions: Vec<Revision> =
            secrets(&self.cluster).await?.iter().filter_map(read).collect();
        revisions.sort_by_key(|revision| revision.number);
        Ok(revisions)
    }

    /// Stores a configuration as a new revision, unless the newest run applied the same one. Deletes all but
    /// the newest `most` that were applied, and the newest `most` that failed: failures displace nothing that
    /// can be applied again. Returns its number. No lock is needed: revisions never change, and two runs get
    /// different numbers.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn store_revision(
        &self,
        about: &About,
        configuration: &str,
        most: usize,
    ) -> Result<Option<u32>, Error> {
        for _ in 0..TRIES {
            let known = self.history().await?;
            let newest = known.last();
            let is_same = |newest: &Revision| {
                (newest.about.result, &newest.about.spec_hash) == (about.result, &about.spec_hash)
            };
            if about.result == RunResult::Applied && newest.is_some_and(is_same) {
                return Ok(None);
            }
            let number = newest.map_or(1, |newest| newest.number.saturating_add(1));
            let manifest = manifest(number, about, configuration);
            match self.cluster.create(&manifest, false).await {
                Ok(_) => {}
                Err(error) if error.kind == cluster::ErrorKind::Exists => continue,
                Err(error) => return Err(error.into()),
            }
            for old in superfluous(&known, about.result, most) {
                delete(&self.cluster, &name(old)).await?;
            }
            return Ok(Some(number));
        }
        let help = "delete Secrets named ksi-history-N that lost their label ksi.kubesphere.io/history, then run again";
        let cause = "other runs keep writing the same revision";
        Err(Error::new(ErrorKind::Conflict, "write", "the history", cause, help))
    }
}

/// Removes all of them.
pub(super) async fn forget(cluster: &Cluster) -> Result<(), Error> {
    for live in secrets(cluster).await? {
        if let Some(name) = live["metadata"]["name"].as_str() {
            delete(cluster, name).await?;
        }
    }
    Ok(())
}

async fn secrets(cluster: &Cluster) -> Result<Vec<Value>, Error> {
    let selection = Selection::within(Some(kubesphere::SYSTEM)).labelled(LABEL);
    Ok(cluster.list(&Kind::new("", "v1", "Secret"), &selection).await?)
}

async fn delete(cluster: &Cluster, name: &str) -> Result<(), Error> {
    let any = Preconditions::default();
    Ok(cluster.delete(&secret(name), &any, Propagation::Background).await?)
}

fn name(number: u32) -> String {
    format!("{PREFIX}{number}")
}

fn manifest(number: u32, about: &About, configuration: &str) -> Value {
    let about = serde_json::to_string(about).unwrap_or_default();
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name(number),
            "namespace": kubesphere::SYSTEM,
            "labels": {"app.kubernetes.io/managed-by": "ksi", LABEL: number.to_string()},
        },
        "type": "Opaque",
        "data": {
            CONFIGURATION: STANDARD.encode(configuration),
            ABOUT: STANDARD.encode(about),
        },
    })
}

/// Reads a revision; `None` if it is malformed.
fn read(live: &Value) -> Option<Revision> {
    let number = live["metadata"]["name"].as_str()?.strip_prefix(PREFIX)?.parse().ok()?;
    let about = text(live, ABOUT).and_then(|about| serde_json::from_str(&about).ok());
    let configuration = text(live, CONFIGURATION)?;
    Some(Revision { number, about: about.unwrap_or_default(), configuration })
}

/// The revisions to delete when a new one is added: the oldest, of those that were applied and of those that
/// failed.
fn superfluous(known: &[Revision], added: RunResult, most: usize) -> Vec<u32> {
    let of = |result: RunResult| {
        let alike: Vec<u32> =
            known.iter().filter(|r| r.about.result == result).map(|r| r.number).collect();
        let count = (alike.len() + usize::from(result == added)).saturating_sub(most);
        alike.into_iter().take(count)
    };
    of(RunResult::Applied).chain(of(RunResult::Failed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about() -> About {
        About { spec_hash: "h".into(), time: "t".into(), ..About::default() }
    }

    #[test]
    fn a_revision_is_read_as_it_was_written() {
        let revision = read(&manifest(7, &about(), "spec: {}\n")).unwrap();
        assert_eq!((revision.number, revision.about), (7, about()));
        assert_eq!(revision.configuration, "spec: {}\n");
        let mut other = manifest(7, &about(), "");
        other["metadata"]["name"] = "ksi-history-x".into();
        assert_eq!(read(&other), None);
    }

    #[test]
    fn a_revision_of_an_early_version_was_applied() {
        let mut old = manifest(7, &about(), "");
        let about = r#"{"specHash":"h","ksiVersion":"0.1.0","time":"t","summary":{},"leftOut":[]}"#;
        old["data"][ABOUT] = STANDARD.encode(about).into();
        let old = read(&old).unwrap();
        assert!(old.is_applied() && old.about.by.is_empty() && old.about.spec_hash == "h");
    }

    #[test]
    fn the_oldest_of_each_result_are_deleted() {
        use RunResult::{Applied, Failed};
        let of =
            |number, result| read(&manifest(number, &About { result, ..about() }, "")).unwrap();
        let known: Vec<Revision> = (3..=6).map(|n| of(n, Applied)).collect();
        assert_eq!(superfluous(&known, Applied, 5), [0; 0]);
        assert_eq!(superfluous(&known, Applied, 3), [3, 4]);
        assert_eq!(superfluous(&known, Applied, 1), [3, 4, 5, 6]);
        let known = [of(1, Applied), of(2, Failed), of(3, Failed), of(4, Failed)];
        assert_eq!(superfluous(&known, Failed, 3), [2]);
        assert_eq!(superfluous(&known, Failed, 1), [2, 3, 4], "what was applied stays");
        assert_eq!(superfluous(&known, Applied, 1), [1, 2, 3]);
    }
}
