//! The ClusterConfiguration as the controller reads it: its identity, its specification, and the annotations by
//! which a user steers the controller. Pure.

use serde_json::Value;
use time::OffsetDateTime;

use crate::config;
use crate::config::annotation::Steering;
use crate::inventory::Key;
use crate::object::ObjectId;

pub use crate::config::annotation::{MODE, Mode, PAUSED_UNTIL};

/// The hash of the plan that is approved.
pub const APPROVE: &str = "ksi.kubesphere.io/approve";
/// Any new value asks for a run.
pub const REQUESTED_AT: &str = "ksi.kubesphere.io/requested-at";

/// A live ClusterConfiguration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Configured {
    /// The whole object.
    pub body: Value,
    /// Its uid: a new object of the same name is another one.
    pub uid: String,
    /// `metadata.generation`.
    pub generation: i64,
    /// The hash of `.spec`. It decides whether there is something new: writes of the status raise the generation
    /// of a CRD without a status subresource.
    pub spec_hash: String,
    /// The mode that the annotation sets.
    pub mode: Mode,
    /// An annotation that cannot be understood, with what to write.
    pub mistake: Option<String>,
    /// When a pause ends.
    pub paused_until: Option<OffsetDateTime>,
    /// The hash of the plan that is approved.
    pub approve: Option<String>,
    /// The value of the last request for a run.
    pub requested_at: Option<String>,
    /// The name of the Secret with the jwtSecret.
    pub secret: Option<String>,
}

impl Configured {
    /// Reads a live object.
    pub(super) fn of(body: Value) -> Self {
        let metadata = &body["metadata"];
        let annotation = |name: &str| {
            metadata["annotations"][name].as_str().map(str::trim).filter(|text| !text.is_empty())
        };
        let Steering { mode, mistake, paused_until } = Steering::of(&body);
        let reference = &body["spec"]["authentication"]["jwtSecretRef"]["name"];
        Self {
            uid: metadata["uid"].as_str().unwrap_or_default().to_owned(),
            generation: metadata["generation"].as_i64().unwrap_or_default(),
            spec_hash: Key::public().digest(&body["spec"]),
            mode,
            mistake,
            paused_until,
            approve: annotation(APPROVE).map(str::to_owned),
            requested_at: annotation(REQUESTED_AT).map(str::to_owned),
            secret: reference.as_str().filter(|name| !name.is_empty()).map(str::to_owned),
            body,
        }
    }

    /// The mode at a time: a pause may have ended.
    pub(super) fn mode_at(&self, now: OffsetDateTime) -> Mode {
        let Self { mode, paused_until, .. } = *self;
        Steering { mode, mistake: None, paused_until }.mode_at(now)
    }

    /// The status as it is in the cluster.
    pub(super) fn status(&self) -> &Value {
        &self.body["status"]
    }
}

/// Whether it is the only ClusterConfiguration that is followed.
pub(super) fn is_followed(id: &ObjectId) -> bool {
    id.name == config::NAME && id.namespace.as_deref() == Some(config::NAMESPACE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn cc(annotations: &Value) -> Configured {
        Configured::of(json!({
            "metadata": {"name": "ks-installer", "uid": "u", "generation": 3, "annotations": annotations},
            "spec": {"a": {"b": 1, "c": [true]}},
        }))
    }

    #[test]
    fn only_the_specification_counts_and_not_its_order() {
        let one = cc(&json!({}));
        let mut other = one.body.clone();
        other["spec"] = json!({"a": {"c": [true], "b": 1}});
        other["status"] = json!({"phase": "Ready"});
        other["metadata"]["generation"] = 4.into();
        assert_eq!(Configured::of(other.clone()).spec_hash, one.spec_hash);
        other["spec"]["a"]["b"] = "1".into();
        assert_ne!(Configured::of(other).spec_hash, one.spec_hash);
    }

    #[test]
    fn annotations_set_the_mode() {
        assert_eq!(cc(&json!(null)).mode, Mode::Enforce);
        for (text, mode) in
            [("plan", Mode::Plan), (" observe ", Mode::Observe), ("", Mode::Enforce)]
        {
            let cc = cc(&json!({MODE: text}));
            assert_eq!((cc.mode, cc.mistake), (mode, None), "{text}");
        }
        let wrong = cc(&json!({MODE: "pause"}));
        assert_eq!(wrong.mode, Mode::Paused, "a mistake changes nothing");
        assert!(wrong.mistake.unwrap().contains("use enforce, observe, plan or paused"));
    }

    #[test]
    fn a_pause_ends_at_its_time() {
        let cc = |until: &str| cc(&json!({MODE: "paused", PAUSED_UNTIL: until}));
        let paused = cc("2026-12-24T08:00:00Z");
        assert_eq!(paused.mode_at(datetime!(2026-12-24 07:59:59 UTC)), Mode::Paused);
        assert_eq!(paused.mode_at(datetime!(2026-12-24 08:00:00 UTC)), Mode::Enforce);
        let wrong = cc("tomorrow");
        assert_eq!(wrong.mode_at(datetime!(2036-12-24 08:00:00 UTC)), Mode::Paused);
        assert!(wrong.mistake.unwrap().contains("paused-until"));
    }
}
