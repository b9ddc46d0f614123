//! Waits until objects are healthy, kinds are served, and webhooks answer.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::event::{ComponentState, Event};
use super::failures::Failures;
use super::run::{Run, RunEnd};
use crate::health::{Cause, Health, assess};
use crate::object::{Object, ObjectId};
use crate::target::{Finding, NewKind, Target};

/// Watches may miss a change, so objects are also polled, with growing pauses.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// New kinds are usually served within a few seconds.
const FIRST_KIND_PAUSE: Duration = Duration::from_millis(50);
const USUAL_KIND_DELAY: Duration = Duration::from_secs(3);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const UNSERVED: &str = "its kind is not served yet";
/// After this time pods are read to see why an object is not healthy, and how often.
const CAUSES: Duration = Duration::from_secs(2);
/// How long that may take.
const CAUSES_LIMIT: Duration = Duration::from_secs(10);
/// How long a diagnosis may take.
pub(super) const DIAGNOSIS: Duration = Duration::from_secs(20);

/// The next pause between two polls.
fn next_pause(pause: Duration) -> Duration {
    (pause * 3 / 2).min(LONGEST_PAUSE)
}

/// The objects that are not healthy yet.
#[derive(Default)]
struct Awaited {
    /// The reason of each, as last reported, and its cause.
    reasons: BTreeMap<ObjectId, (String, Option<Cause>)>,
    failures: Failures,
}

impl Awaited {
    /// Why an object is not healthy, in one sentence.
    fn why(&self, id: &ObjectId) -> String {
        match self.reasons.get(id) {
            Some((reason, Some(cause))) => format!("{reason}; {cause}"),
            Some((reason, None)) => reason.clone(),
            None => String::new(),
        }
    }
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
        let mut look_at = Instant::now() + CAUSES;
        let mut causes = BTreeMap::new();
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
            if Instant::now() >= look_at {
                let unhealthy: Vec<&Value> =
                    live.values().filter(|live| !assess(live).is_healthy()).collect();
                let looked = timeout(CAUSES_LIMIT, self.target.causes(&unhealthy));
                match self.unless_ended(looked).await {
                    Some(looked) => causes = looked.unwrap_or_default(),
                    None => return Err(self.give_up(component, &awaited).await),
                }
                look_at = Instant::now() + CAUSES;
            }
            let before = awaited.reasons.len();
            let all = self.assess(component, ids, (&live, &causes), &mut awaited);
            if all {
                return Ok(());
            }
            if before != awaited.reasons.len() {
                let missing = awaited.reasons.len();
                let reason = awaited.reasons.iter().next().map(|(id, (why, _))| match missing {
                    1 => format!("{id}: {why}"),
                    _ => format!("{id}: {why}, and {} more", missing - 1),
                });
                self.report_component(component, ComponentState::Checking, progress, reason);
            }
            if self.options.wait.fail_fast && awaited.failures.are_final() {
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
        (live, causes): (&BTreeMap<ObjectId, Value>, &BTreeMap<ObjectId, Cause>),
        awaited: &mut Awaited,
    ) -> bool {
        let is_ours = |id: &ObjectId| self.planned.desired.objects.iter().any(|o| o.id == *id);
        for id in ids {
            let health = assess(live.get(id).unwrap_or(&Value::Null));
            let cause = causes.get(id);
            awaited.failures.note(id, &health, cause, is_ours);
            match health {
                Health::Healthy => {
                    if awaited.reasons.remove(id).is_some() {
                        self.report_ready(component, id);
                    }
                }
                Health::Failed { reason } | Health::Progressing { reason } => {
                    self.report_unhealthy(component, id, (reason, cause), &mut awaited.reasons);
                }
            }
        }
        awaited.reasons.is_empty()
    }

    /// Reports why the run waits for an object, once for each reason and each cause. A cause that is gone is no
    /// news: a program that crashes runs in between.
    fn report_unhealthy(
        &self,
        component: &str,
        id: &ObjectId,
        (reason, cause): (String, Option<&Cause>),
        reported: &mut BTreeMap<ObjectId, (String, Option<Cause>)>,
    ) {
        let known = reported.get(id);
        let same_reason = known.is_some_and(|(before, _)| *before == reason);
        let before = known.and_then(|(_, cause)| cause.as_ref());
        let same_cause = match (before, cause) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(before), Some(cause)) => before.is_like(cause),
        };
        if same_reason && same_cause {
            return;
        }
        let cause =
            cause.map(|cause| Cause { message: self.scrub(&cause.message), ..cause.clone() });
        let cause = cause.or_else(|| before.cloned());
        let (component, object) = (component.to_owned(), id.clone());
        self.report(Event::Wait {
            component,
            object,
            reason: reason.clone(),
            cause: cause.clone().map(Box::new),
        });
        reported.insert(id.clone(), (reason, cause));
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
            self.report(Event::Wait { component, object, reason: reason.clone(), cause: None });
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
        for (id, diagnosis) in awaited.reasons.keys().zip(diagnoses) {
            let reason = awaited.why(id);
            let mut findings = diagnosis.unwrap_or_default();
            if findings.is_empty() {
                findings.push(unexplained(id, &reason));
            }
            for finding in findings {
                self.report_finding(component, finding);
            }
            self.incomplete.borrow_mut().unhealthy.push((id.clone(), reason));
        }
        let worst = awaited.failures.first().or_else(|| awaited.reasons.keys().next());
        worst.map(|id| format!("{id}: {}", awaited.why(id))).unwrap_or_default()
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
        let reasons = kinds.into_iter().map(|kind| (kind.definition, (UNSERVED.to_owned(), None)));
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
                    let reason = (format!("a webhook does not answer yet: {why}"), None);
                    let reported = &mut awaited.reasons;
                    self.report_unhealthy(&object.component, &object.id, reason, reported);
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
