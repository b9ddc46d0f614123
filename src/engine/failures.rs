//! How long objects are in a state that waiting does not change.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::health::{Cause, Health};
use crate::object::ObjectId;

/// How long an object may be failed before nobody waits for it any more: its cause may just have been fixed, and
/// a kubelet may not know yet of a Secret that was just written.
const GRACE: Duration = Duration::from_secs(30);

/// Since when objects are failed.
#[derive(Debug, Default)]
pub struct Failures {
    since: BTreeMap<ObjectId, Instant>,
}

impl Failures {
    /// Notes how an object is. If the cause is known, it decides whether waiting may help; otherwise its health
    /// does. `is_ours` is whether the installation creates an object.
    pub fn note(
        &mut self,
        id: &ObjectId,
        health: &Health,
        cause: Option<&Cause>,
        is_ours: impl Fn(&ObjectId) -> bool,
    ) {
        let is_failed = match (health, cause) {
            (Health::Healthy, _) => false,
            (_, Some(cause)) => cause.is_final(is_ours),
            (health, None) => matches!(health, Health::Failed { .. }),
        };
        if is_failed {
            self.since.entry(id.clone()).or_insert_with(Instant::now);
        } else {
            self.since.remove(id);
        }
    }

    /// The first object that is failed.
    pub fn first(&self) -> Option<&ObjectId> {
        self.since.keys().next()
    }

    /// Whether one has been failed for so long that waiting does not help.
    pub fn are_final(&self) -> bool {
        self.since.values().any(|since| since.elapsed() >= GRACE)
    }

    /// When that will be; `None` if none is failed.
    pub fn final_at(&self) -> Option<Instant> {
        self.since.values().min().map(|since| *since + GRACE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::Passing;

    fn id() -> ObjectId {
        let body =
            serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}});
        ObjectId::of(&body).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_failed_for_long_is_final_and_what_recovers_is_not() {
        let cause = |passing| Cause {
            object: id(),
            reason: "x".into(),
            message: String::new(),
            next_step: String::new(),
            passing,
        };
        let failed = Health::Failed { reason: "x".into() };
        let progressing = Health::Progressing { reason: "x".into() };
        let cases = [
            (&failed, None, true),
            (&progressing, None, false),
            // The kubelet still tries.
            (&failed, Some(Passing::Possible), false),
            (&progressing, Some(Passing::Impossible), true),
            (&progressing, Some(Passing::Needs(id())), true),
            (&Health::Healthy, Some(Passing::Impossible), false),
        ];
        for (health, passing, is_final) in cases {
            let mut failures = Failures::default();
            let cause = passing.map(cause);
            failures.note(&id(), health, cause.as_ref(), |_| true);
            assert!(!failures.are_final());
            tokio::time::advance(GRACE).await;
            failures.note(&id(), health, cause.as_ref(), |_| true);
            assert_eq!(failures.are_final(), is_final, "{health:?} {cause:?}");
            failures.note(&id(), &progressing, None, |_| true);
            assert!(!failures.are_final() && failures.final_at().is_none());
        }
    }
}
