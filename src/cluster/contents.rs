//! Everything that is in namespaces, of whatever kind.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::Value;

use super::error::{Error, ErrorKind};
use super::{Cluster, Kind, Selection};
use crate::object::Contents;

impl Cluster {
    /// What users and controllers made in these namespaces. A kind that cannot be listed is named.
    ///
    /// # Errors
    /// The cluster cannot be read.
    pub async fn contents(&self, namespaces: &[&str]) -> Result<Contents, Error> {
        if namespaces.is_empty() {
            return Ok(Contents::default());
        }
        let mut unlisted = BTreeSet::new();
        let kinds = self.kinds_in_namespaces(&mut unlisted).await?;
        let lists =
            kinds.iter().flat_map(|kind| namespaces.iter().map(move |place| (kind, *place)));
        let answers = join_all(lists.map(|(kind, place)| async move {
            (kind, self.list(kind, &Selection::within(Some(place)).metadata()).await)
        }));
        // An object may be served in several groups.
        let mut live: BTreeMap<String, Value> = BTreeMap::new();
        for (kind, answer) in answers.await {
            match answer {
                Ok(objects) => live.extend(objects.into_iter().map(|object| {
                    (object["metadata"]["uid"].as_str().unwrap_or_default().to_owned(), object)
                })),
                Err(error) => {
                    note(&mut unlisted, kind.to_string(), error)?;
                }
            }
        }
        let live: Vec<Value> = live.into_values().collect();
        Ok(Contents::of(&live, unlisted))
    }

    /// The kinds whose objects are in namespaces and can be deleted, in the preferred version of each group.
    async fn kinds_in_namespaces(
        &self,
        unlisted: &mut BTreeSet<String>,
    ) -> Result<Vec<Kind>, Error> {
        let served = self.read_path("/apis").await?;
        let groups = served["groups"].as_array().into_iter().flatten().filter_map(|group| {
            let version = group["preferredVersion"]["version"].as_str()?;
            Some((group["name"].as_str()?.to_owned(), version.to_owned()))
        });
        let groups: Vec<_> = groups.chain([(String::new(), "v1".to_owned())]).collect();
        let answers = join_all(groups.iter().map(|group| self.discover([group.clone()]))).await;
        let mut kinds = Vec::new();
        for ((group, version), answer) in groups.iter().zip(answers) {
            match answer {
                Ok(()) => kinds.extend(self.deletable_kinds(group, version)),
                Err(error) => {
                    note(unlisted, format!("{group}/{version}"), error)?;
                }
            }
        }
        Ok(kinds)
    }
}

/// Notes what cannot be listed; an error if the cluster cannot be read at all.
fn note(unlisted: &mut BTreeSet<String>, what: String, error: Error) -> Result<(), Error> {
    match error.kind {
        ErrorKind::Forbidden
        | ErrorKind::NotServed
        | ErrorKind::Unavailable
        | ErrorKind::Webhook
        | ErrorKind::Server => {
            unlisted.insert(what);
            Ok(())
        }
        _ => Err(error),
    }
}
