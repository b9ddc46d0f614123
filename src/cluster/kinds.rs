//! How kinds are called in paths, asked of the server for those groups only that are used: a dead
//! aggregated API of somebody else does not matter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;

use super::Cluster;
use super::error::{Error, Problem};
use super::request::Call;
use crate::object::ObjectId;

/// A kind in one version of its group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind {
    /// API group, empty for the core group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
}

impl Kind {
    /// A kind by its three names.
    pub fn new(group: &str, version: &str, kind: &str) -> Self {
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    /// The kind of an object.
    pub fn of(id: &ObjectId) -> Self {
        Self::new(&id.group, &id.version, &id.kind)
    }

    /// An object of this kind.
    pub fn named(&self, namespace: Option<&str>, name: &str) -> ObjectId {
        ObjectId {
            group: self.group.clone(),
            version: self.version.clone(),
            kind: self.kind.clone(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        }
    }
}

/// `Deployment.apps/v1`
impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { group, version, kind } = self;
        if group.is_empty() { write!(f, "{kind}") } else { write!(f, "{kind}.{group}/{version}") }
    }
}

/// A kind as the server serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The kind.
    pub kind: Kind,
    /// Its name in paths.
    pub plural: String,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
}

/// What is known of the server's kinds.
#[derive(Debug, Default)]
pub(super) struct Kinds {
    /// Group and version that were asked for.
    asked: BTreeSet<(String, String)>,
    known: BTreeMap<Kind, Resource>,
}

impl Cluster {
    /// How the server serves a kind; `None` when it does not.
    ///
    /// # Errors
    /// The group cannot be read.
    pub async fn resource(&self, kind: &Kind) -> Result<Option<Resource>, Error> {
        let group = (kind.group.clone(), kind.version.clone());
        let asked = {
            let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(resource) = kinds.known.get(kind) {
                return Ok(Some(resource.clone()));
            }
            kinds.asked.contains(&group)
        };
        if asked {
            return Ok(None);
        }
        self.discover([group]).await?;
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(kinds.known.get(kind).cloned())
    }

    /// The kind behind a name in paths, in each of the versions that were asked for.
    pub fn kinds_of(&self, group: &str, plural: &str) -> Vec<Kind> {
        let kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kinds.known.values();
        let known = known.filter(|known| known.kind.group == group && known.plural == plural);
        known.map(|known| known.kind.clone()).collect()
    }

    /// Asks for several groups at once, again for those that were asked for already: CRDs came.
    ///
    /// # Errors
    /// One of them cannot be read; one that is not there is no error.
    pub async fn discover(
        &self,
        groups: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), Error> {
        let groups: BTreeSet<_> = groups.into_iter().collect();
        let answers = try_join_all(groups.iter().map(|(group, version)| async move {
            let path = match group.as_str() {
                "" => format!("/api/{version}"),
                _ => format!("/apis/{group}/{version}"),
            };
            let place = path.trim_start_matches("/apis/").trim_start_matches('/').to_owned();
            match self.send(&Call::new(Method::GET, path, "discover", place)).await {
                Ok(list) => Ok(list),
                Err(e) if matches!(e.problem, Problem::NotServed | Problem::NotFound) => {
                    Ok(Value::Null)
                }
                Err(error) => Err(error),
            }
        }))
        .await?;
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        for ((group, version), list) in groups.into_iter().zip(answers) {
            kinds.known.retain(|kind, _| kind.group != group || kind.version != version);
            let resources = list["resources"].as_array().into_iter().flatten();
            let resources = resources.filter_map(|entry| resource(&group, &version, entry));
            kinds.known.extend(resources.map(|resource| (resource.kind.clone(), resource)));
            kinds.asked.insert((group, version));
        }
        Ok(())
    }
}

/// A kind in a list of them; subresources have a slash in their names.
fn resource(group: &str, version: &str, entry: &Value) -> Option<Resource> {
    let plural = entry["name"].as_str().filter(|name| !name.contains('/'))?.to_owned();
    let kind = Kind::new(group, version, entry["kind"].as_str()?);
    Some(Resource { kind, plural, namespaced: entry["namespaced"] == true })
}
