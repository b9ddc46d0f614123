//! The webhook that dials a member at each update of its Cluster, and refuses the update if that fails.
//!
//! Several commands may have it paused at once. Each writes its name and a time into an annotation, and renews that time; the last
//! one that goes puts the webhook back. Of a command that was killed only the name is left, and its time passes.

use std::time::Duration;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::Error;
use crate::cluster::{Cluster, Kind};
use crate::member::WEBHOOK;
use crate::object::ObjectId;

/// No Cluster has this label, so the webhook is asked about none.
const NONE: &str = "ksi.kubesphere.io/webhook-paused";
/// The annotation with those who have it paused, and until when.
const HOLDERS: &str = "ksi.kubesphere.io/webhook-paused-until";
/// How long a holder that does not renew its time counts.
const LEASE: Duration = Duration::from_secs(15);

/// Whether the webhook is asked about Clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Webhook {
    /// It is, or it does not exist.
    Asked,
    /// A command has it paused.
    Paused,
    /// A command that was killed had it paused.
    Abandoned,
}

pub(super) fn id() -> ObjectId {
    Kind::new("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration")
        .named(None, WEBHOOK)
}

/// What the webhook is asked about.
pub(super) async fn state(host: &Cluster) -> Result<Webhook, Error> {
    let live = host.get(&id()).await?;
    Ok(live.map_or(Webhook::Asked, |live| state_of(&live, now(host))))
}

/// The time of the host, which is the same for all its commands.
pub(super) fn now(host: &Cluster) -> OffsetDateTime {
    host.server_time().unwrap_or_else(OffsetDateTime::now_utc)
}

/// Those whose time has not passed.
fn holders(live: &Value, now: OffsetDateTime) -> Map<String, Value> {
    let text = live["metadata"]["annotations"][HOLDERS].as_str().unwrap_or_default();
    let mut all: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    all.retain(|_, until| {
        let until = until.as_str().and_then(|until| OffsetDateTime::parse(until, &Rfc3339).ok());
        // One in the far future is of a clock that went wrong, and would block all others.
        until.is_some_and(|until| now < until && until <= now + LEASE * 2)
    });
    all
}

fn state_of(live: &Value, now: OffsetDateTime) -> Webhook {
    let is_paused = |webhook: &Value| webhook["objectSelector"]["matchLabels"].get(NONE).is_some();
    if !live["webhooks"].as_array().into_iter().flatten().any(is_paused) {
        return Webhook::Asked;
    }
    if holders(live, now).is_empty() { Webhook::Abandoned } else { Webhook::Paused }
}

/// Adds a holder, or renews its time.
pub(super) fn hold(live: &mut Value, holder: &str, now: OffsetDateTime) {
    let mut all = holders(live, now);
    let until = (now + LEASE).replace_nanosecond(0).unwrap_or(now).format(&Rfc3339);
    all.insert(holder.to_owned(), until.unwrap_or_default().into());
    live["metadata"]["annotations"][HOLDERS] = json!(all).to_string().into();
    select(live, &json!({"matchLabels": {NONE: "true"}}));
}

/// Takes a holder away, and puts the webhook back if it was the last one. Returns the others.
pub(super) fn release(live: &mut Value, holder: &str, now: OffsetDateTime) -> Map<String, Value> {
    let mut all = holders(live, now);
    all.shift_remove(holder);
    if !all.is_empty() {
        live["metadata"]["annotations"][HOLDERS] = json!(all).to_string().into();
        return all;
    }
    if state_of(live, now) != Webhook::Asked {
        select(live, &json!({}));
    }
    if let Some(annotations) = live["metadata"]["annotations"].as_object_mut() {
        annotations.shift_remove(HOLDERS);
    }
    all
}

/// Sets the objects that it is asked about.
fn select(live: &mut Value, selector: &Value) {
    for webhook in live["webhooks"].as_array_mut().into_iter().flatten() {
        webhook["objectSelector"] = selector.clone();
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

    fn webhook() -> Value {
        json!({
            "metadata": {"name": WEBHOOK, "annotations": {"a": "b"}},
            "webhooks": [{"name": "validating-cluster.kubesphere.io", "objectSelector": {}}],
        })
    }

    #[test]
    fn the_last_one_puts_it_back() {
        let mut live = webhook();
        hold(&mut live, "one", NOW);
        hold(&mut live, "two", NOW);
        assert_eq!(state_of(&live, NOW), Webhook::Paused);
        assert_eq!(release(&mut live, "one", NOW).len(), 1);
        assert_eq!(state_of(&live, NOW), Webhook::Paused);
        assert!(release(&mut live, "two", NOW).is_empty());
        assert_eq!(live, webhook());
    }

    #[test]
    fn one_that_was_killed_does_not_count_for_long() {
        let mut live = webhook();
        hold(&mut live, "killed", NOW);
        hold(&mut live, "alive", NOW + Duration::from_secs(10));
        let later = NOW + LEASE + Duration::from_secs(1);
        assert_eq!(state_of(&live, later), Webhook::Paused);
        assert!(release(&mut live, "alive", later).is_empty());
        assert_eq!(live, webhook());
        hold(&mut live, "killed", NOW);
        assert_eq!(state_of(&live, later), Webhook::Abandoned);
    }

    #[test]
    fn a_time_in_the_far_future_does_not_count() {
        let mut live = webhook();
        hold(&mut live, "ahead", NOW + Duration::from_secs(3600));
        assert_eq!(state_of(&live, NOW), Webhook::Abandoned);
        assert!(release(&mut live, "own", NOW).is_empty());
        assert_eq!(live, webhook());
    }

    #[test]
    fn a_selector_of_somebody_else_stays() {
        let mut live = webhook();
        live["webhooks"][0]["objectSelector"] = json!({"matchLabels": {"team": "blue"}});
        let before = live.clone();
        release(&mut live, "one", NOW);
        assert_eq!(live, before);
    }
}
