//! Everything that is watched: the ClusterConfigurations, the Secret that ours names, and the objects of the
//! installation.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::StreamExt as _;
use serde_json::Value;
use tokio::time::sleep;

use super::cc::{Configured, is_followed};
use crate::cluster::{Change, Changes, Cluster, Error, ErrorKind, Kind, Selection};
use crate::config;
use crate::object::ObjectId;

/// How often it is tried again to watch a kind that is not served yet.
const UNSERVED: Duration = Duration::from_secs(2);

/// How long the first list of the Secret may take.
const FIRST_LIST: Duration = Duration::from_secs(5);

/// The ClusterConfigurations of a cluster, followed.
pub(super) struct Configurations {
    changes: Changes,
    known: BTreeMap<ObjectId, Value>,
    /// Those that were listed since the connection was made; `None` once all are.
    listed: Option<Vec<ObjectId>>,
    /// Why they may be out of date.
    error: Option<String>,
}

impl Configurations {
    /// Watches them, and waits until the kind is served; `awaits` is told once if it is not.
    ///
    /// # Errors
    /// The cluster cannot be asked.
    pub(super) async fn watch(
        cluster: &Cluster,
        awaits: &mut impl FnMut(&str),
    ) -> Result<Self, Error> {
        let (kind, mut told) = (Kind::of(&config::object_id()), false);
        let changes = loop {
            match cluster.watch(&kind, &Selection::default()).await {
                Err(error) if error.kind == ErrorKind::NotServed => {
                    if !std::mem::replace(&mut told, true) {
                        awaits("the CRD of ClusterConfiguration: apply deploy/crd.yaml");
                    }
                    sleep(UNSERVED).await;
                    cluster.discover([(kind.group.clone(), kind.version.clone())]).await?;
                }
                answer => break answer?,
            }
        };
        Ok(Self { changes, known: BTreeMap::new(), listed: Some(Vec::new()), error: None })
    }

    /// Returns when something changed, or the first list is complete.
    pub(super) async fn changed(&mut self) {
        while let Some(change) = self.changes.next().await {
            if self.take(change) {
                return;
            }
        }
    }

    /// Reads ours now, and returns whether it has changed since the watch last reported it: after many edits in a row
    /// the watch still brings one after the other. What cannot be read is left as it is.
    pub(super) async fn refresh(&mut self, cluster: &Cluster) -> bool {
        let Ok(Some(body)) = cluster.get(&config::object_id()).await else { return false };
        let known = self.known.get(&config::object_id());
        let is_news = known.is_some_and(|known| version(known) != version(&body));
        self.take(Change::Applied(body));
        is_news
    }

    /// Takes a change over. Returns whether all that exist are known.
    fn take(&mut self, change: Change) -> bool {
        match change {
            Change::Applied(body) => {
                if let Some(id) = ObjectId::of(&body) {
                    let known = self.known.get(&id);
                    // A list counts in any case: after a restore of etcd, versions begin again.
                    let is_late = known.is_some_and(|known| is_older(&body, known));
                    if self.listed.is_some() || !is_late {
                        self.known.insert(id.clone(), body);
                    }
                    if let Some(listed) = &mut self.listed {
                        listed.push(id);
                    }
                }
            }
            Change::Deleted(body) => {
                // Its successor may be known already.
                let uid = |body: &Value| body["metadata"]["uid"].clone();
                if let Some(id) = ObjectId::of(&body)
                    && self.known.get(&id).is_some_and(|known| uid(known) == uid(&body))
                {
                    self.known.remove(&id);
                }
            }
            Change::Complete => {
                self.error = None;
                if let Some(listed) = self.listed.take() {
                    self.known.retain(|id, _| listed.contains(id));
                }
            }
            Change::Interrupted(error) => {
                self.listed = Some(Vec::new());
                self.error = Some(error);
            }
        }
        self.listed.is_none()
    }

    /// Whether all that exist are known.
    pub(super) fn are_complete(&self) -> bool {
        self.listed.is_none()
    }

    /// Why they cannot be watched at the moment.
    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The one that is followed.
    pub(super) fn ours(&self) -> Option<Configured> {
        let found = self.known.iter().find(|(id, _)| is_followed(id));
        found.map(|(_, body)| Configured::of(body.clone()))
    }

    /// The others, as `namespace/name`.
    pub(super) fn others(&self) -> Vec<String> {
        let others = self.known.keys().filter(|id| !is_followed(id));
        others
            .map(|id| format!("{}/{}", id.namespace.as_deref().unwrap_or_default(), id.name))
            .collect()
    }
}

/// Whether a state of an object was before another one. Versions of the same object grow.
fn is_older(body: &Value, than: &Value) -> bool {
    let number = |body: &Value| version(body)?.parse::<u64>().ok();
    body["metadata"]["uid"] == than["metadata"]["uid"]
        && number(body).zip(number(than)).is_some_and(|(this, that)| this < that)
}

fn version(body: &Value) -> Option<String> {
    body["metadata"]["resourceVersion"].as_str().map(str::to_owned)
}

/// The Secret that a ClusterConfiguration names, followed.
#[derive(Default)]
pub(super) struct Secret {
    name: Option<String>,
    changes: Option<Changes>,
    version: Option<String>,
}

impl Secret {
    /// Follows the Secret of this name, or none.
    ///
    /// # Errors
    /// The cluster cannot be asked.
    pub(super) async fn follow(
        &mut self,
        cluster: &Cluster,
        name: Option<&str>,
    ) -> Result<(), Error> {
        if self.name.as_deref() == name {
            return Ok(());
        }
        *self = Self::default();
        if let Some(name) = name {
            let selection = Selection::named(Some(config::NAMESPACE), name).metadata();
            self.changes = Some(cluster.watch(&Kind::new("", "v1", "Secret"), &selection).await?);
            self.name = Some(name.to_owned());
            // Otherwise its first version would be a change.
            let _ = tokio::time::timeout(FIRST_LIST, self.listed()).await;
        }
        Ok(())
    }

    /// Returns when its version is known, or that it does not exist.
    async fn listed(&mut self) {
        let Some(changes) = &mut self.changes else { return };
        while let Some(change) = changes.next().await {
            match change {
                Change::Applied(body) => self.version = version(&body),
                Change::Deleted(_) => self.version = None,
                Change::Complete => return,
                Change::Interrupted(_) => {}
            }
        }
    }

    /// Returns when it changed.
    pub(super) async fn changed(&mut self) {
        let Some(changes) = &mut self.changes else { return std::future::pending().await };
        while let Some(change) = changes.next().await {
            let version = match change {
                Change::Applied(body) => version(&body),
                Change::Deleted(_) => None,
                Change::Complete | Change::Interrupted(_) => continue,
            };
            if std::mem::replace(&mut self.version, version.clone()) != version {
                return;
            }
        }
    }

    /// Its version; `None` if it does not exist or is not known yet.
    pub(super) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use serde_json::json;

    use super::*;

    fn body(namespace: &str, name: &str) -> Value {
        json!({
            "apiVersion": config::API_VERSION, "kind": config::KIND,
            "metadata": {"namespace": namespace, "name": name},
        })
    }

    #[test]
    fn what_the_watch_reports_late_does_not_count() {
        let changes = stream::pending().boxed();
        let (known, listed) = (BTreeMap::new(), Some(Vec::new()));
        let mut all = Configurations { changes, known, listed, error: None };
        let edited = |uid: &str, version: &str| {
            let mut ours = body(config::NAMESPACE, config::NAME);
            ours["metadata"]["uid"] = uid.into();
            ours["metadata"]["resourceVersion"] = version.into();
            Change::Applied(ours)
        };
        all.take(Change::Complete);
        for (uid, seen, expected) in
            [("a", "9", "9"), ("a", "501", "501"), ("a", "88", "501"), ("b", "7", "7")]
        {
            all.take(edited(uid, seen));
            assert_eq!(version(&all.ours().unwrap().body).as_deref(), Some(expected), "{seen}");
        }
    }

    #[test]
    fn only_one_is_followed_and_what_was_deleted_meanwhile_is_gone() {
        let changes = stream::pending().boxed();
        let (known, listed) = (BTreeMap::new(), Some(Vec::new()));
        let mut all = Configurations { changes, known, listed, error: None };
        let ours = body("kubesphere-system", "ks-installer");
        assert!(!all.take(Change::Applied(ours.clone())));
        assert!(!all.take(Change::Applied(body("default", "ks-installer"))));
        assert!(all.take(Change::Complete) && all.ours().is_some());
        assert_eq!(all.others(), ["default/ks-installer"]);
        assert!(!all.take(Change::Interrupted("reset".into())));
        assert_eq!(all.error(), Some("reset"));
        all.take(Change::Applied(ours.clone()));
        assert!(all.take(Change::Complete));
        assert!(all.others().is_empty() && all.error().is_none());
        assert!(all.take(Change::Deleted(ours)) && all.ours().is_none());
    }
}
