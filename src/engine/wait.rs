//! Waits until objects are healthy, kinds are served, and webhooks answer.

use std::collections::BTreeMap;
use std::ops::ControlFlow::{Break, Continue};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::event::{ComponentState, Event};
use super::failures::Failures;
use super::poll::{Again, Pauses};
use super::run::{Run, RunEnd};
use crate::health::{Cause, Health, assess};
use crate::object::{Object, ObjectId};
use crate::target::{Finding, NewKind, Target};

/// Watches may miss a change, so objects are also read again, with growing pauses.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// New kinds are usually served within a few seconds.
const FIRST_KIND_PAUSE: Duration = Duration::from_millis(50);
const USUAL_KIND_DELAY: Duration = Duration::from_secs(3);
const UNSERVED: &str = "its kind is not served yet";
/// After this time pods are read to see why an object is not healthy, and how often.
const CAUSES: Duration = Duration::from_secs(2);
/// How long that may take.
const CAUSES_LIMIT: Duration = Duration::from_secs(10);
/// How long a diagnosis may take.
pub(super) const DIAGNOSIS: Duration = Duration::from_secs(20);

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

    /// The first of them, and how many more there are.
    fn first(&self) -> Option<String> {
        let (id, (why, _)) = self.reasons.iter().next()?;
        Some(match self.reasons.len() {
            1 => format!("{id}: {why}"),
            missing => format!("{id}: {why}, and {} more", missing - 1),
        })
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
        let (mut awaited, mut pauses) = (Awaited::default(), Pauses::from(FIRST_PAUSE));
        let (mut look_at, mut causes) = (Instant::now() + CAUSES, BTreeMap::new());
        let answer = self.poll(async || {
            let live = match self.unless_ended(self.target.live(ids)).await {
                Some(Ok(live)) => live,
                Some(Err(error)) => return Break(Some(Err(self.failed(&ids[0], error)))),
                None => return Break(None),
            };
            if Instant::now() >= look_at {
                let unhealthy: Vec<&Value> =
                    live.values().filter(|live| !assess(live).is_healthy()).collect();
                let looked = timeout(CAUSES_LIMIT, self.target.causes(&unhealthy));
                let Some(looked) = self.unless_ended(looked).await else { return Break(None) };
                causes = looked.unwrap_or_default();
                look_at = Instant::now() + CAUSES;
            }
            let before = awaited.reasons.len();
            if self.assess(component, ids, (&live, &causes), &mut awaited) {
                return Break(Some(Ok(())));
            }
            if before != awaited.reasons.len() {
                let reason = awaited.first();
                self.report_component(component, ComponentState::Checking, progress, reason);
            }
            if self.options.wait.fail_fast && awaited.failures.are_final() {
                return Break(None);
            }
            Continue(Again::on_change(ids, pauses.take()))
        });
        match answer.await.flatten() {
            Some(answer) => answer,
            None => Err(self.give_up(component, &awaited).await),
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
        if !self.runs || kinds.is_empty() {
            return Ok(());
        }
        let (begin, mut reported) = (Instant::now(), BTreeMap::new());
        let mut pauses = Pauses::from(FIRST_KIND_PAUSE);
        let answer = self.poll(async || {
            let unserved = match self.unless_ended(self.target.unserved(&kinds)).await {
                Some(Ok(unserved)) => unserved,
                Some(Err(error)) => {
                    return Break(Some(Err(self.failed(&kinds[0].definition, error))));
                }
                None => return Break(None),
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
            if kinds.is_empty() {
                return Break(Some(Ok(())));
            }
            if begin.elapsed() < USUAL_KIND_DELAY {
                return Continue(Again::after(FIRST_KIND_PAUSE));
            }
            let definitions: Vec<ObjectId> = unserved.into_iter().collect();
            if let Err(why) = self.healthy(component, &definitions, progress).await {
                return Break(Some(Err(why)));
            }
            for id in &definitions {
                self.report_awaited(component, id, UNSERVED.to_owned(), &mut reported);
            }
            Continue(Again::after(pauses.take()))
        });
        if let Some(answer) = answer.await.flatten() {
            return answer;
        }
        let reasons = kinds.into_iter().map(|kind| (kind.definition, (UNSERVED.to_owned(), None)));
        let awaited = Awaited { reasons: reasons.collect(), ..Awaited::default() };
        Err(self.give_up(component, &awaited).await)
    }

    /// Waits until webhooks accept an object.
    pub(super) async fn accepted(&self, object: &Object) -> Result<(), String> {
        let (mut awaited, mut pauses) = (Awaited::default(), Pauses::from(FIRST_PAUSE));
        let answer = self.poll(async || {
            let why = match self.unless_ended(self.target.probe(object)).await {
                Some(Ok(Ok(()))) => return Break(Some(Ok(()))),
                Some(Ok(Err(why))) => why,
                // The write reports it.
                Some(Err(error)) if error.kind.is_of_one_object() => return Break(Some(Ok(()))),
                Some(Err(error)) => return Break(Some(Err(self.failed(&object.id, error)))),
                None => return Break(None),
            };
            let reason = (format!("a webhook does not answer yet: {why}"), None);
            self.report_unhealthy(&object.component, &object.id, reason, &mut awaited.reasons);
            Continue(Again::after(pauses.take()))
        });
        let answer = match answer.await.flatten() {
            Some(answer) => answer,
            None => Err(self.give_up(&object.component, &awaited).await),
        };
        if answer.is_ok() && !awaited.reasons.is_empty() {
            self.report_ready(&object.component, &object.id);
        }
        answer
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
