//! How kinds are called in paths, asked of the server for those groups only that are used: a dead
//! aggregated API of somebody else does not matter.

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

/// A kind that was not served is not asked for again sooner than this.
const MISS_LIFETIME: Duration = Duration::from_secs(5);

/// A group and one of its versions.
type GroupVersion = (String, String);

/// What is known of the server's kinds. A kind that is served stays known; that it is not served is asked
/// again after [`MISS_LIFETIME`], since definitions come.
#[derive(Debug, Default)]
pub(super) struct Discovery(Mutex<Kinds>);

#[derive(Debug, Default)]
struct Kinds {
    /// When each group and version was asked for.
    asked: BTreeMap<GroupVersion, Instant>,
    known: BTreeMap<Kind, Resource>,
}

/// What is known of one kind.
enum Known {
    Served(Resource),
    /// It was not a moment ago.
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
    /// How the server serves a kind; `None` when it does not.
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

    /// The kind behind a name in paths, in each of the versions that were asked for.
    pub fn kinds_of(&self, group: &str, plural: &str) -> Vec<Kind> {
        let kinds = self.connection.discovery.kinds();
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

/// A kind in a list of them; subresources have a slash in their names.
fn resource(group: &str, version: &str, entry: &Value) -> Option<Resource> {
    let plural = entry["name"].as_str().filter(|name| !name.contains('/'))?.to_owned();
    let kind = Kind::new(group, version, entry["kind"].as_str()?);
    Some(Resource { kind, plural, namespaced: entry["namespaced"] == true })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::server::{Server, block_on};
    use super::*;

    #[test]
    fn a_kind_that_was_not_served_is_asked_for_again_after_a_while() {
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
