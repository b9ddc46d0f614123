//! The events of an installation: those of its objects, of what its workloads create, and of the
//! namespaces that ksi created.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::try_join_all;
use futures_util::stream::{BoxStream, SelectAll, StreamExt as _};
use serde_json::Value;

use super::error::Error;
use super::event_filter::EventFilter;
use super::installed::Installed;
use crate::cluster::{Change, Cluster, Selection};
use crate::diagnose::{self, Event};

/// The two types that events have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType {
    /// Something expected.
    Normal,
    /// Something that may need attention.
    Warning,
}

impl EventType {
    fn is_of(self, event: &Event) -> bool {
        let name = match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        };
        event.kind == name
    }
}

/// Which events of an installation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only those of this component.
    pub component: Option<String>,
    /// Only those of these types; all without any.
    pub types: Vec<EventType>,
}

impl EventQuery {
    /// The events that the API server still has: each once with how often it happened, the newest last.
    ///
    /// # Errors
    /// The inventory or the events cannot be read, or the component is not installed.
    pub async fn read(&self, cluster: &Cluster) -> Result<Vec<Event>, Error> {
        self.read_of(cluster, Installed::read(cluster).await?).await
    }

    /// The same of an installation whose inventory was read already.
    ///
    /// # Errors
    /// The events cannot be read, or the component is not installed.
    pub async fn read_of(
        &self,
        cluster: &Cluster,
        installed: Installed,
    ) -> Result<Vec<Event>, Error> {
        let filter = EventFilter::new(installed, self.component.as_deref())?;
        let kind = diagnose::event_kind();
        let lists = filter.namespaces().iter().map(|namespace| {
            let (kind, selection) = (&kind, Selection::within(Some(namespace)));
            async move { cluster.list(kind, &selection).await }
        });
        let bodies = try_join_all(lists).await?.concat();
        let events = bodies.iter().filter_map(Event::of);
        Ok(diagnose::dedup(events.filter(|event| self.includes(&filter, event))))
    }

    /// Follows the events: first those that are there, then new ones.
    ///
    /// # Errors
    /// The inventory cannot be read, the component is not installed, or events cannot be watched.
    pub async fn follow(self, cluster: &Cluster) -> Result<EventFollower, Error> {
        let installed = Installed::read(cluster).await?;
        let filter = EventFilter::new(installed, self.component.as_deref())?;
        let kind = diagnose::event_kind();
        let mut changes: SelectAll<BoxStream<'static, _>> = SelectAll::new();
        let mut listing = BTreeSet::new();
        for (watch, namespace) in filter.namespaces().iter().enumerate() {
            let selection = Selection::within(Some(namespace));
            let watched = cluster.watch(&kind, &selection).await?;
            changes.push(watched.map(move |change| (watch, change)).boxed());
            listing.insert(watch);
        }
        let (query, first, seen) = (self, Vec::new(), HashMap::new());
        Ok(EventFollower { query, filter, changes, listing, first, seen })
    }

    fn includes(&self, filter: &EventFilter, event: &Event) -> bool {
        filter.includes(event)
            && (self.types.is_empty() || self.types.iter().any(|kind| kind.is_of(event)))
    }
}

/// What following events brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventUpdate {
    /// Events that were not reported yet, the newest last.
    Events(Vec<Event>),
    /// The connection broke for this reason; it is being made again.
    Reconnecting(String),
}

/// Events as they come.
pub struct EventFollower {
    query: EventQuery,
    filter: EventFilter,
    changes: SelectAll<BoxStream<'static, (usize, Change)>>,
    /// Watches whose first list is not complete yet.
    listing: BTreeSet<usize>,
    /// The events of these lists, which are sorted before they are reported.
    first: Vec<Event>,
    /// The version of each event that was received, by uid: a watch that begins again repeats them.
    seen: HashMap<String, String>,
}

impl EventFollower {
    /// The next events; dropping the future loses none. `None` when there is nothing to follow.
    pub async fn next(&mut self) -> Option<EventUpdate> {
        while let Some((watch, change)) = self.changes.next().await {
            if let Some(update) = self.update(watch, change) {
                return Some(update);
            }
        }
        None
    }

    fn update(&mut self, watch: usize, change: Change) -> Option<EventUpdate> {
        match change {
            Change::Applied(body) => {
                if !self.is_new(&body) {
                    return None;
                }
                let event = Event::of(&body)?;
                if !self.query.includes(&self.filter, &event) {
                    return None;
                }
                if self.listing.is_empty() {
                    return Some(EventUpdate::Events(vec![event]));
                }
                self.first.push(event);
                None
            }
            Change::Complete => {
                let was_last = self.listing.remove(&watch) && self.listing.is_empty();
                was_last
                    .then(|| EventUpdate::Events(diagnose::dedup(std::mem::take(&mut self.first))))
            }
            Change::Interrupted(cause) => Some(EventUpdate::Reconnecting(cause)),
            Change::Deleted(body) => {
                self.seen.remove(text(&body["metadata"]["uid"]));
                None
            }
        }
    }

    fn is_new(&mut self, body: &Value) -> bool {
        let metadata = &body["metadata"];
        let (uid, version) = (text(&metadata["uid"]), text(&metadata["resourceVersion"]));
        self.seen.insert(uid.to_owned(), version.to_owned()).as_deref() != Some(version)
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// An event as one line without its end.
pub fn event_line(event: &Event) -> String {
    let Event { last, kind, reason, object, message, count, .. } = event;
    let times = if *count > 1 { format!(" (x{count})") } else { String::new() };
    format!("{last:20}  {kind:7}  {reason}  {object}: {message}{times}")
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use serde_json::json;

    use super::*;
    use crate::status::testing::{deployment, installed};

    fn event(minute: u32, version: &str, kind: &str) -> Value {
        json!({
            "metadata": {"uid": minute.to_string(), "resourceVersion": version},
            "involvedObject": {
                "kind": "Deployment", "namespace": "a", "name": "tower", "apiVersion": "apps/v1",
            },
            "type": kind, "reason": "BackOff", "message": format!("minute {minute}"),
            "lastTimestamp": format!("2026-11-21T10:{minute:02}:00Z"),
        })
    }

    #[test]
    fn a_line_can_be_read_and_searched() {
        let event = Event::of(&json!({
            "involvedObject": {"kind": "Pod", "namespace": "a", "name": "x", "apiVersion": "v1"},
            "type": "Warning", "reason": "BackOff", "message": "again", "count": 3,
            "lastTimestamp": "2026-11-21T10:00:00Z",
        }))
        .unwrap();
        let line = "2026-11-21T10:00:00Z  Warning  BackOff  Pod/a/x: again (x3)";
        assert_eq!(event_line(&event), line);
    }

    #[tokio::test]
    async fn what_is_there_comes_in_order_and_nothing_comes_twice() {
        let changes = [
            (0, Change::Applied(event(3, "1", "Warning"))),
            (0, Change::Complete),
            // Another watch that begins again does not complete the list of this one.
            (0, Change::Interrupted("reset".into())),
            (0, Change::Complete),
            (1, Change::Applied(event(1, "1", "Warning"))),
            (1, Change::Applied(event(2, "1", "Normal"))),
            (1, Change::Complete),
            (0, Change::Applied(event(3, "1", "Warning"))),
            (0, Change::Applied(event(3, "2", "Warning"))),
            (0, Change::Deleted(event(3, "3", "Warning"))),
        ];
        let mut follower = EventFollower {
            query: EventQuery { types: vec![EventType::Warning], ..EventQuery::default() },
            filter: EventFilter::new(installed(&[deployment("tower")]), None).unwrap(),
            changes: [stream::iter(changes).boxed()].into_iter().collect(),
            listing: [0, 1].into(),
            first: Vec::new(),
            seen: HashMap::new(),
        };
        let mut updates = Vec::new();
        while let Some(update) = follower.next().await {
            updates.push(match update {
                EventUpdate::Events(events) => {
                    events.iter().map(|e| e.message.as_str()).collect::<Vec<_>>().join(", ")
                }
                EventUpdate::Reconnecting(cause) => cause,
            });
        }
        assert_eq!(updates, ["reset", "minute 1, minute 3", "minute 3"]);
        assert!(!follower.seen.contains_key("3"), "memory does not grow with deleted events");
    }
}
