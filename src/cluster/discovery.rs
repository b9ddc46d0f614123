//! API discovery, only for the groups that are used: a broken aggregated API of somebody else does not
//! matter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use http::Method;
use serde_json::Value;
use tokio::time::Instant;

use super::Cluster;
use super::error::{Error, ErrorKind};
use super::kind::{Kind, Resource};
use super::request::Call;

/// How long a kind counts as not served before discovery is repeated.
const MISS_LIFETIME: Duration = Duration::from_secs(5);

/// A group and one of its versions.
type GroupVersion = (String, String);

/// The known kinds of the server. A served kind stays known; for others discovery is repeated after
/// [`MISS_LIFETIME`], because CRDs are added.
#[derive(Debug, Default)]
pub(super) struct Discovery(Mutex<Kinds>);

#[derive(Debug, Default)]
struct Kinds {
    /// When each group and version was discovered.
    asked: BTreeMap<GroupVersion, Instant>,
    known: BTreeMap<Kind, Resource>,
}

/// The state of one kind.
enum Known {
    Served(Resource),
    /// It was not served a moment ago.
    NotServed,
    Unknown,
}

impl Discovery {
    fn find(&self, kind: &Kind) -> Known {
        let kinds = self.kinds();
        if let Some(resource) = kinds.known.get(kind) {
            return Known::Served(resource.clone());
        }
        match kinds.asked.get(&(kind.group.clone(), kind.version.clone())) {
            Some(asked) if asked.elapsed() < MISS_LIFETIME => Known::NotServed,
            _ => Known::Unknown,
        }
    }

    fn kinds(&self) -> MutexGuard<'_, Kinds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cluster {
    /// The resource of a kind; `None` if the server does not serve it.
    ///
    /// # Errors
    /// The group cannot be read.
    pub async fn resource(&self, kind: &Kind) -> Result<Option<Resource>, Error> {
        let discovery = &self.connection.discovery;
        match discovery.find(kind) {
            Known::Served(resource) => return Ok(Some(resource)),
            Known::NotServed => return Ok(None),
            Known::Unknown => {}
        }
        self.discover([(kind.group.clone(), kind.version.clone())]).await?;
        Ok(discovery.kinds().known.get(kind).cloned())
    }

    /// The kinds of a plural name, one for each discovered version.
    pub fn kinds_of(&self, group: &str, plural: &str) -> Vec<Kind> {
        let kinds = self.connection.discovery.kinds();
        let known = kinds.known.values();
        let known = known.filter(|known| known.kind.group == group && known.plural == plural);
        known.map(|known| known.kind.clone()).collect()
    }

    /// The plural names of all kinds of a group that are discovered.
    pub(super) fn plurals_of(&self, group: &str) -> BTreeSet<String> {
        let kinds = self.connection.discovery.kinds();
        let known = kinds.known.values().filter(|known| known.kind.group == group);
        known.map(|known| known.plural.clone()).collect()
    }

    /// The plural names of the kinds of a discovered group whose objects are in namespaces and can be deleted.
    pub(super) fn deletable_in_namespaces(&self, group: &str) -> BTreeSet<String> {
        let kinds = self.connection.discovery.kinds();
        let known = kinds.known.values().filter(|known| known.namespaced && known.deletable);
        known.filter(|known| known.kind.group == group).map(|known| known.plural.clone()).collect()
    }

    /// Discovers several groups in parallel, also those already known: CRDs may have been added.
    ///
    /// # Errors
    /// One of them cannot be read. It is no error if it does not exist.
    pub async fn discover(
        &self,
        groups: impl IntoIterator<Item = GroupVersion>,
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
                Err(e) if matches!(e.kind, ErrorKind::NotServed | ErrorKind::NotFound) => {
                    Ok(Value::Null)
                }
                Err(error) => Err(error),
            }
        }))
        .await?;
        let mut kinds = self.connection.discovery.kinds();
        for ((group, version), list) in groups.into_iter().zip(answers) {
            kinds.known.retain(|kind, _| kind.group != group || kind.version != version);
            let resources = list["resources"].as_array().into_iter().flatten();
            let resources = resources.filter_map(|entry| resource(&group, &version, entry));
            kinds.known.extend(resources.map(|resource| (resource.kind.clone(), resource)));
            kinds.asked.insert((group, version), Instant::now());
        }
        Ok(())
    }
}

/// A resource in a discovery list; `None` for subresources, which have a slash in their names.
fn resource(group: &str, version: &str, entry: &Value) -> Option<Resource> {
    let plural = entry["name"].as_str().filter(|name| !name.contains('/'))?.to_owned();
    let kind = Kind::new(group, version, entry["kind"].as_str()?);
    let can = |verb: &str| {
        entry["verbs"].as_array().is_some_and(|verbs| verbs.iter().any(|known| known == verb))
    };
    let namespaced = entry["namespaced"] == true;
    Some(Resource { kind, plural, namespaced, deletable: can("list") && can("delete") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::server::{Server, block_on};
    use super::*;

    #[test]
    fn a_kind_that_was_not_served_is_discovered_again_after_a_while() {
        let server = Server::start();
        let kind = Kind::new("test.io", "v1", "Widget");
        let asked = || server.count("GET", "/apis/test.io/v1");
        block_on(async {
            let cluster = server.connect().await;
            assert_eq!(cluster.resource(&kind).await.unwrap(), None);
            assert_eq!(cluster.resource(&kind).await.unwrap(), None);
            assert_eq!(asked(), 1, "not again at once");

            server.serve("test.io", "v1", &[("Widget", "widgets", true)]);
            cluster.connection.discovery.age(MISS_LIFETIME);
            assert_eq!(cluster.resource(&kind).await.unwrap().unwrap().plural, "widgets");
            let other = Kind::new("test.io", "v1", "Gadget");
            assert_eq!(cluster.resource(&other).await.unwrap(), None, "the list is new");
            assert_eq!(asked(), 2);

            cluster.connection.discovery.age(MISS_LIFETIME);
            assert!(cluster.resource(&kind).await.unwrap().is_some(), "what is known stays known");
            assert_eq!(asked(), 2);
            let selection = super::super::Selection::default();
            assert_eq!(cluster.list(&kind, &selection).await.unwrap(), [json!(null); 0]);
        });
    }

    impl Discovery {
        /// Makes every answer so much older.
        fn age(&self, by: Duration) {
            for asked in self.kinds().asked.values_mut() {
                *asked = asked.checked_sub(by).unwrap();
            }
        }
    }
}
