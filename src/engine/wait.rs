//! Waits until objects are healthy, kinds are served, and webhooks answer.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::event::{ComponentState, Event};
use super::run::{Run, RunEnd};
use crate::health::{Health, assess};
use crate::object::{Object, ObjectId};
use crate::target::{Finding, NewKind, Target};

/// Watches may miss a change, so objects are also polled, with growing pauses.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// New kinds are usually served within a few seconds.
const FIRST_KIND_PAUSE: Duration = Duration::from_millis(50);
const USUAL_KIND_DELAY: Duration = Duration::from_secs(3);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const UNSERVED: &str = "its kind is not served yet";
/// How long an object may be failed before the run gives up: its cause may just have been fixed.
const FAILURE_GRACE: Duration = Duration::from_secs(30);
/// How long a diagnosis may take.
pub(super) const DIAGNOSIS: Duration = Duration::from_secs(20);

/// The next pause between two polls.
fn next_pause(pause: Duration) -> Duration {
    (pause * 3 / 2).min(LONGEST_PAUSE)
}

/// The objects that are not healthy yet.
#[derive(Default)]
struct Awaited {
    /// The reason of each, as last reported.
    reasons: BTreeMap<ObjectId, String>,
    /// When each failed object was first seen as failed.
    failed: BTreeMap<ObjectId, Instant>,
}

impl<T: Target> Run<'_, T> {
    /// Waits until all objects are healthy. If they do not become healthy, or the run ends, reports findings
    /// and returns one sentence.
    pub(super) async fn healthy(
        &self,
        component: &str,
        ids: &[ObjectId],
        progress: (usize, usize),
    ) -> Result<(), String> {
        if ids.is_empty() || !self.runs {
            return Ok(());
        }
        let mut awaited = Awaited::default();
        let mut pause = FIRST_PAUSE;
        loop {
            let live = match self.unless_ended(self.target.live(ids)).await {
                Some(Ok(live)) => live,
                Some(Err(error)) => {
                    let reported = error.to_string();
                    if let Some(id) = ids.first() {
                        self.fail(id, error);
                    }
                    return Err(reported);
                }
                None => return Err(self.give_up(component, &awaited).await),
            };
            let before = awaited.reasons.len();
            let all = self.assess(component, ids, &live, &mut awaited);
            if all {
                return Ok(());
            }
            if before != awaited.reasons.len() {
                let missing = awaited.reasons.len();
                let reason = awaited.reasons.iter().next().map(|(id, why)| match missing {
                    1 => format!("{id}: {why}"),
                    _ => format!("{id}: {why}, and {} more", missing - 1),
                });
                self.report_component(component, ComponentState::Checking, progress, reason);
            }
            if awaited.failed.values().any(|since| since.elapsed() >= FAILURE_GRACE) {
                return Err(self.give_up(component, &awaited).await);
            }
            let changed = async {
                tokio::select! {
                    () = self.target.changed(ids) => {}
                    () = sleep(pause) => {}
                }
            };
            if self.unless_ended(changed).await.is_none() {
                return Err(self.give_up(component, &awaited).await);
            }
            pause = next_pause(pause);
        }
    }

    /// Assesses each; returns whether all are healthy.
    fn assess(
        &self,
        component: &str,
        ids: &[ObjectId],
        live: &BTreeMap<ObjectId, Value>,
        awaited: &mut Awaited,
    ) -> bool {
        for id in ids {
            let health = assess(live.get(id).unwrap_or(&Value::Null));
            if !matches!(health, Health::Failed { .. }) {
                awaited.failed.remove(id);
            }
            match health {
                Health::Healthy => {
                    if awaited.reasons.remove(id).is_some() {
                        self.report_ready(component, id);
                    }
                }
                Health::Failed { reason } => {
                    awaited.failed.entry(id.clone()).or_insert_with(Instant::now);
                    self.report_awaited(component, id, reason, &mut awaited.reasons);
                }
                Health::Progressing { reason } => {
                    self.report_awaited(component, id, reason, &mut awaited.reasons);
                }
            }
        }
        awaited.reasons.is_empty()
    }

    /// Reports why the run waits for an object, once for each reason.
    pub(super) fn report_awaited(
        &self,
        component: &str,
        id: &ObjectId,
        reason: String,
        reported: &mut BTreeMap<ObjectId, String>,
    ) {
        if reported.get(id) != Some(&reason) {
            let (component, object) = (component.to_owned(), id.clone());
            self.report(Event::Wait { component, object, reason: reason.clone() });
            reported.insert(id.clone(), reason);
        }
    }

    /// Diagnoses the objects and reports findings, unless the run was stopped.
    async fn give_up(&self, component: &str, awaited: &Awaited) -> String {
        if matches!(self.run_end(), Some(RunEnd::Interrupted | RunEnd::Refused(_))) {
            return "the run was stopped".to_owned();
        }
        // In parallel: if the server does not answer, all take the time of one.
        let diagnoses = awaited.reasons.keys().map(|id| self.target.diagnose(id));
        let diagnoses = join_all(diagnoses.map(|diagnosis| timeout(DIAGNOSIS, diagnosis))).await;
        for ((id, reason), diagnosis) in awaited.reasons.iter().zip(diagnoses) {
            let mut findings = diagnosis.unwrap_or_default();
            if findings.is_empty() {
                findings.push(unexplained(id, reason));
            }
            for finding in findings {
                self.report_finding(component, finding);
            }
            self.incomplete.borrow_mut().unhealthy.push((id.clone(), reason.clone()));
        }
        let worst = awaited.failed.keys().next().or_else(|| awaited.reasons.keys().next());
        worst.and_then(|id| Some(format!("{id}: {}", awaited.reasons.get(id)?))).unwrap_or_default()
    }

    /// Waits until new kinds are served. After a while, checks the health of the CRDs too.
    pub(super) async fn served(
        &self,
        component: &str,
        mut kinds: Vec<NewKind>,
        progress: (usize, usize),
    ) -> Result<(), String> {
        let begin = Instant::now();
        let (mut reported, mut pause) = (BTreeMap::new(), FIRST_KIND_PAUSE);
        while self.runs && !kinds.is_empty() {
            let unserved = match self.unless_ended(self.target.unserved(&kinds)).await {
                Some(Ok(unserved)) => unserved,
                Some(Err(error)) => {
                    let reported = error.to_string();
                    self.fail(&kinds[0].definition, error);
                    return Err(reported);
                }
                None => break,
            };
            // A served kind stays served.
            kinds.retain(|kind| unserved.contains(&kind.definition));
            reported.retain(|id: &ObjectId, _: &mut String| {
                let awaited = unserved.contains(id);
                if !awaited {
                    self.report_ready(component, id);
                }
                awaited
            });
            if begin.elapsed() >= USUAL_KIND_DELAY {
                let definitions: Vec<ObjectId> = unserved.into_iter().collect();
                self.healthy(component, &definitions, progress).await?;
                for id in &definitions {
                    self.report_awaited(component, id, UNSERVED.to_owned(), &mut reported);
                }
                pause = next_pause(pause);
            }
            if !kinds.is_empty() && self.unless_ended(sleep(pause)).await.is_none() {
                break;
            }
        }
        if !self.runs || kinds.is_empty() {
            return Ok(());
        }
        let reasons = kinds.into_iter().map(|kind| (kind.definition, UNSERVED.to_owned()));
        let awaited = Awaited { reasons: reasons.collect(), ..Awaited::default() };
        Err(self.give_up(component, &awaited).await)
    }

    /// Waits until webhooks accept an object.
    pub(super) async fn accepted(&self, object: &Object) -> Result<(), String> {
        let mut awaited = Awaited::default();
        let mut pause = FIRST_PAUSE;
        loop {
            match self.unless_ended(self.target.probe(object)).await {
                Some(Ok(Ok(()))) => break,
                Some(Ok(Err(why))) => {
                    let reason = format!("a webhook does not answer yet: {why}");
                    self.report_awaited(
                        &object.component,
                        &object.id,
                        reason,
                        &mut awaited.reasons,
                    );
                }
                Some(Err(error)) if error.kind.is_of_one_object() => break, // The write reports it.
                Some(Err(error)) => {
                    let reported = error.to_string();
                    self.fail(&object.id, error);
                    return Err(reported);
                }
                None => return Err(self.give_up(&object.component, &awaited).await),
            }
            if self.unless_ended(sleep(pause)).await.is_none() {
                return Err(self.give_up(&object.component, &awaited).await);
            }
            pause = next_pause(pause);
        }
        if !awaited.reasons.is_empty() {
            self.report_ready(&object.component, &object.id);
        }
        Ok(())
    }
}

/// The finding about an object of which the target knows nothing more.
fn unexplained(id: &ObjectId, reason: &str) -> Finding {
    let namespace = id.namespace.as_ref().map(|n| format!(" -n {n}")).unwrap_or_default();
    let kind = id.kind.to_lowercase();
    Finding {
        object: id.clone(),
        reason: "NotHealthy".into(),
        message: reason.to_owned(),
        lines: Vec::new(),
        next_step: format!("run `kubectl describe {kind} {}{namespace}` to see why", id.name),
    }
}
