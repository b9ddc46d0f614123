//! Kubernetes events, from both events APIs.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::kinds::event_kind;
use crate::cluster::{Cluster, Selection};
use crate::object::age::{age, duration_text};
use crate::object::{ObjectId, Scrubber};

/// An event of an object, perhaps repeated. Scrubbed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The last time, as the server writes it, to the second.
    pub last: String,
    /// The first time.
    pub first: String,
    /// `Normal` or `Warning`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The reason, one word.
    pub reason: String,
    /// The object.
    pub object: ObjectId,
    /// The uid of the object: names return after an uninstallation. Empty if the event has none.
    #[serde(skip)]
    pub uid: String,
    /// The message, one line.
    pub message: String,
    /// The number of occurrences.
    pub count: u64,
}

impl Event {
    /// Reads an Event of `v1`; `None` if it has no object.
    pub fn of(event: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let about = &event["involvedObject"];
        let api_version = about["apiVersion"].as_str().unwrap_or("v1");
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let object = ObjectId {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text(&about["kind"]),
            namespace: about["namespace"].as_str().filter(|n| !n.is_empty()).map(str::to_owned),
            name: text(&about["name"]),
        };
        if object.kind.is_empty() {
            return None;
        }
        // Controllers of the new events API leave the old fields empty.
        let times = |candidates: [&Value; 4]| {
            candidates.into_iter().find_map(Value::as_str).map(seconds).unwrap_or_default()
        };
        let (series, eventual) = (&event["series"], &event["eventTime"]);
        let made = &event["metadata"]["creationTimestamp"];
        let last = times([&series["lastObservedTime"], &event["lastTimestamp"], eventual, made]);
        let first = times([&event["firstTimestamp"], eventual, made, &Value::Null]);
        let count = event["count"].as_u64().or_else(|| series["count"].as_u64()).unwrap_or(1);
        let scrubber = Scrubber::new();
        let message = text(&event["message"]).split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Self {
            last,
            first,
            kind: scrubber.text(&text(&event["type"])),
            reason: scrubber.text(&text(&event["reason"])),
            object,
            uid: text(&about["uid"]),
            message: scrubber.text(&message),
            count: count.max(1),
        })
    }

    /// How long ago it was, reason, message and count: `event (2m5s ago): BackOff: … (x6)`.
    pub(super) fn describe(&self, now: Option<OffsetDateTime>) -> String {
        let ago = now.and_then(|now| age(&self.last, now));
        let ago = ago.map_or_else(String::new, |ago| format!(" ({} ago)", duration_text(ago)));
        let times = if self.count > 1 { format!(" (x{})", self.count) } else { String::new() };
        format!("event{ago}: {}: {}{times}", self.reason, self.message)
    }
}

/// The warnings about objects of a namespace, deduplicated, newest last; none if they cannot be read.
pub(super) async fn warnings(cluster: &Cluster, namespace: Option<&str>) -> Vec<Event> {
    // Events of cluster-scoped objects are stored in this namespace.
    let selection = Selection::within(Some(namespace.unwrap_or("default")));
    let selection = selection.with_fields("type=Warning");
    let events = cluster.list(&event_kind(), &selection).await.unwrap_or_default();
    dedup(events.iter().filter_map(Event::of))
}

/// Without microseconds, so that times can be compared as text.
fn seconds(time: &str) -> String {
    match time.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => time.to_owned(),
    }
}

/// Merges equal events and adds their counts; the newest is last.
pub fn dedup(events: impl IntoIterator<Item = Event>) -> Vec<Event> {
    let mut merged: Vec<Event> = Vec::new();
    let mut known = HashMap::new();
    for event in events {
        let Event { object, uid, kind, reason, message, .. } = event.clone();
        let what = (object, uid, kind, reason, message);
        let at = *known.entry(what).or_insert(merged.len());
        match merged.get_mut(at) {
            None => merged.push(event),
            Some(same) => {
                same.count += event.count;
                same.last = same.last.clone().max(event.last);
                same.first = same.first.clone().min(event.first);
            }
        }
    }
    merged.sort_by(|a, b| (&a.last, &a.object).cmp(&(&b.last, &b.object)));
    merged
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::format_description::well_known::Rfc3339;

    use super::*;

    fn event(minute: u32, name: &str, count: u64) -> Value {
        json!({
            "metadata": {"name": format!("{name}.{minute}"), "namespace": "a"},
            "involvedObject": {"kind": "Pod", "namespace": "a", "name": name, "apiVersion": "v1"},
            "type": "Warning", "reason": "BackOff", "message": "Back-off\nrestarting, token=abc",
            "count": count, "firstTimestamp": "2026-11-21T10:00:00Z",
            "lastTimestamp": format!("2026-11-21T10:{minute:02}:00Z"),
        })
    }

    #[test]
    fn equal_ones_are_counted_and_the_newest_is_last() {
        let raw = [event(5, "b", 1), event(1, "a", 2), event(3, "a", 4)];
        let events = dedup(raw.iter().filter_map(Event::of));
        let shown: Vec<_> = events.iter().map(|e| (e.object.name.as_str(), e.count)).collect();
        assert_eq!(shown, [("a", 6), ("b", 1)]);
        assert_eq!(events[0].last, "2026-11-21T10:03:00Z");
        let shown = "BackOff: Back-off restarting, token=*** (x6)";
        assert_eq!(events[0].describe(None), format!("event: {shown}"));
        let now = OffsetDateTime::parse("2026-11-21T10:05:05Z", &Rfc3339).unwrap();
        assert_eq!(events[0].describe(Some(now)), format!("event (2m5s ago): {shown}"));
    }

    #[test]
    fn an_object_of_the_same_name_has_events_of_its_own() {
        let of = |uid: &str| {
            let mut event = event(1, "redis-0", 1);
            event["involvedObject"]["uid"] = json!(uid);
            Event::of(&event).unwrap()
        };
        let events = dedup([of("before"), of("now"), of("now")]);
        let shown: Vec<_> = events.iter().map(|e| (e.uid.as_str(), e.count)).collect();
        assert_eq!(shown, [("before", 1), ("now", 2)]);
    }

    #[test]
    fn events_of_the_new_api_are_read() {
        let event = Event::of(&json!({
            "metadata": {"creationTimestamp": "2026-11-21T10:00:00Z"},
            "involvedObject": {
                "kind": "Deployment", "apiVersion": "apps/v1", "name": "x", "namespace": "a",
            },
            "eventTime": "2026-11-21T10:00:01.123456Z", "count": null, "firstTimestamp": null,
            "series": {"count": 7, "lastObservedTime": "2026-11-21T10:09:01.5Z"},
        }))
        .unwrap();
        assert_eq!((event.count, event.last.as_str()), (7, "2026-11-21T10:09:01Z"));
        assert_eq!(event.first, "2026-11-21T10:00:01Z");
        assert_eq!(event.object.group, "apps");
        assert_eq!(Event::of(&json!({})), None);
    }
}
