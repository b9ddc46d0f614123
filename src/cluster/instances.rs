//! Lists all objects of resources, in whatever version they are served.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{select_ok, try_join_all};
use serde_json::Value;

use super::{Cluster, Error, Kind, Selection};

impl Cluster {
    /// The metadata of all objects of each of these resources, which are named as `kubectl` names them:
    /// `namespaces`, `users.iam.kubesphere.io`, and `*.types.kubefed.io` for all of a group. None if a resource
    /// is not served.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn instances<'r>(
        &self,
        resources: impl IntoIterator<Item = &'r str>,
    ) -> Result<BTreeMap<&'r str, Vec<Value>>, Error> {
        self.selected(resources, |_| Selection::default().metadata()).await
    }

    /// The same, with what is selected of each resource.
    pub(super) async fn selected<'r>(
        &self,
        resources: impl IntoIterator<Item = &'r str>,
        selection: impl Fn(&str) -> Selection,
    ) -> Result<BTreeMap<&'r str, Vec<Value>>, Error> {
        let resources: BTreeSet<&str> = resources.into_iter().collect();
        if resources.is_empty() {
            return Ok(BTreeMap::new());
        }
        let wanted: BTreeSet<&str> = resources.iter().map(|name| parts(name).1).collect();
        let served = self.read_path("/apis").await?;
        self.discover(versions(&served, |group| wanted.contains(group))).await?;
        let selection = &selection;
        let lists = resources.into_iter().map(|name| async move {
            let (plural, group) = parts(name);
            let plurals = match plural {
                "*" => self.plurals_of(group),
                one => BTreeSet::from([one.to_owned()]),
            };
            let selection = selection(name);
            let lists = plurals.iter().map(|plural| async {
                self.readable(&self.kinds_of(group, plural), &selection).await
            });
            let all = try_join_all(lists).await?.into_iter().flatten().collect();
            Ok::<_, Error>((name, all))
        });
        Ok(try_join_all(lists).await?.into_iter().collect())
    }

    /// The selected objects of a kind, in whichever version can be read: others may need a conversion webhook
    /// that no longer exists, and are asked for again for a minute. None if no version is served.
    pub(super) async fn readable(
        &self,
        versions: &[Kind],
        selection: &Selection,
    ) -> Result<Vec<Value>, Error> {
        if versions.is_empty() {
            return Ok(Vec::new());
        }
        let lists = versions.iter().map(|kind| Box::pin(self.list(kind, selection)));
        let (all, _) = select_ok(lists).await?;
        Ok(all)
    }
}

/// Plural and group of a resource.
fn parts(resource: &str) -> (&str, &str) {
    resource.split_once('.').unwrap_or((resource, ""))
}

/// The wanted groups in every version in which they are served.
pub(super) fn versions(served: &Value, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if wanted("") {
        found.push((String::new(), "v1".to_owned()));
    }
    for group in served["groups"].as_array().into_iter().flatten() {
        let name = group["name"].as_str().unwrap_or_default();
        let versions = group["versions"].as_array().into_iter().flatten();
        for version in versions.filter(|_| wanted(name)) {
            if let Some(version) = version["version"].as_str() {
                found.push((name.to_owned(), version.to_owned()));
            }
        }
    }
    found
}
