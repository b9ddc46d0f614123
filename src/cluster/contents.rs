//! Everything that is in namespaces, of whatever kind.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::Value;

use super::error::{Error, ErrorKind};
use super::instances::versions;
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
        let lists = kinds
            .iter()
            .flat_map(|versions| namespaces.iter().map(move |place| (versions, *place)));
        let answers = join_all(lists.map(|(versions, place)| async move {
            let selection = Selection::within(Some(place)).metadata();
            (&versions[0], self.readable(versions, &selection).await)
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

    /// The kinds whose objects are in namespaces and can be deleted, each in all its versions.
    async fn kinds_in_namespaces(
        &self,
        unlisted: &mut BTreeSet<String>,
    ) -> Result<Vec<Vec<Kind>>, Error> {
        let served = self.read_path("/apis").await?;
        let groups = versions(&served, |_| true);
        let answers = join_all(groups.iter().map(|group| self.discover([group.clone()]))).await;
        for ((group, version), answer) in groups.iter().zip(answers) {
            if let Err(error) = answer {
                note(unlisted, format!("{group}/{version}"), error)?;
            }
        }
        let names: BTreeSet<&str> = groups.iter().map(|(group, _)| group.as_str()).collect();
        let resources = names.into_iter().flat_map(|group| {
            self.deletable_in_namespaces(group).into_iter().map(move |plural| (group, plural))
        });
        Ok(resources.map(|(group, plural)| self.kinds_of(group, &plural)).collect())
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
