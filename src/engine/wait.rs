//! Waiting: until objects are healthy, until kinds are served, until webhooks answer.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::event::{ComponentState, Event};
use super::run::{Over, Run};
use crate::health::{Health, assess};
use crate::object::{Object, ObjectId};
use crate::target::{Finding, NewKind, Target};

/// What reports a change is trusted, but not alone: it is looked again after this time, first often,
/// then seldom.
const SOON: Duration = Duration::from_secs(1);
/// New kinds are served within moments, usually not later than after this time.
const AT_ONCE: Duration = Duration::from_millis(50);
const USUAL: Duration = Duration::from_secs(3);
const LATE: Duration = Duration::from_secs(5);
const UNSERVED: &str = "its kind is not served yet";
/// How long an object may be failed before it counts: what made it fail may just have been repaired.
const GRACE: Duration = Duration::from_secs(30);
/// How long looking for causes may take.
pub(super) const DIAGNOSIS: Duration = Duration::from_secs(20);

/// The next pause between two looks.
fn longer(pause: Duration) -> Duration {
    (pause * 3 / 2).min(LATE)
}

/// What is known of objects that are awaited.
#[derive(Default)]
struct Awaited {
    /// Why each is not healthy, as it was told last.
    reasons: BTreeMap<ObjectId, String>,
    /// Since when an object is failed.
    failed: BTreeMap<ObjectId, Instant>,
}

impl<T: Target> Run<'_, T> {
    /// Waits until all objects are healthy. Otherwise it was found out why, and the answer is one
    /// sentence about it; or the run is over.
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
        let mut pause = SOON;
        loop {
            let live = match self.unless_over(self.target.live(ids)).await {
                Some(Ok(live)) => live,
                Some(Err(error)) => {
                    let told = error.to_string();
                    if let Some(id) = ids.first() {
                        self.fail(id, error);
                    }
                    return Err(told);
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
                self.say_component(component, ComponentState::Checking, progress, reason);
            }
            if awaited.failed.values().any(|since| since.elapsed() >= GRACE) {
                return Err(self.give_up(component, &awaited).await);
            }
            let changed = async {
                tokio::select! {
                    () = self.target.changed(ids) => {}
                    () = sleep(pause) => {}
                }
            };
            if self.unless_over(changed).await.is_none() {
                return Err(self.give_up(component, &awaited).await);
            }
            pause = longer(pause);
        }
    }

    /// Judges each; says whether all are healthy.
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
                        self.say_ready(component, id);
                    }
                }
                Health::Failed { reason } => {
                    awaited.failed.entry(id.clone()).or_insert_with(Instant::now);
                    self.awaits(component, id, reason, &mut awaited.reasons);
                }
                Health::Progressing { reason } => {
                    self.awaits(component, id, reason, &mut awaited.reasons);
                }
            }
        }
        awaited.reasons.is_empty()
    }

    /// Reports what is awaited of an object, once for each reason.
    pub(super) fn awaits(
        &self,
        component: &str,
        id: &ObjectId,
        reason: String,
        told: &mut BTreeMap<ObjectId, String>,
    ) {
        if told.get(id) != Some(&reason) {
            let (component, object) = (component.to_owned(), id.clone());
            self.say(Event::Wait { component, object, reason: reason.clone() });
            told.insert(id.clone(), reason);
        }
    }

    /// Finds out what is wrong, unless the user does not want to know any more.
    async fn give_up(&self, component: &str, awaited: &Awaited) -> String {
        if matches!(self.over(), Some(Over::Interrupted | Over::Refused(_))) {
            return "the run was stopped".to_owned();
        }
        // All at the same time: a server that does not answer costs the time of one.
        let diagnoses = awaited.reasons.keys().map(|id| self.target.diagnose(id));
        let diagnoses = join_all(diagnoses.map(|asked| timeout(DIAGNOSIS, asked))).await;
        for ((id, reason), diagnosis) in awaited.reasons.iter().zip(diagnoses) {
            let mut findings = diagnosis.unwrap_or_default();
            if findings.is_empty() {
                findings.push(unexplained(id, reason));
            }
            for finding in findings {
                self.say_finding(component, finding);
            }
            self.trouble.borrow_mut().unhealthy.push((id.clone(), reason.clone()));
        }
        let worst = awaited.failed.keys().next().or_else(|| awaited.reasons.keys().next());
        worst.and_then(|id| Some(format!("{id}: {}", awaited.reasons.get(id)?))).unwrap_or_default()
    }

    /// Waits until new kinds are served. What takes long may have its reason in the definition.
    pub(super) async fn served(
        &self,
        component: &str,
        mut kinds: Vec<NewKind>,
        progress: (usize, usize),
    ) -> Result<(), String> {
        let begin = Instant::now();
        let (mut told, mut pause) = (BTreeMap::new(), AT_ONCE);
        while self.runs && !kinds.is_empty() {
            let unserved = match self.unless_over(self.target.unserved(&kinds)).await {
                Some(Ok(unserved)) => unserved,
                Some(Err(error)) => {
                    let told = error.to_string();
                    self.fail(&kinds[0].definition, error);
                    return Err(told);
                }
                None => break,
            };
            // What is served once stays so.
            kinds.retain(|kind| unserved.contains(&kind.definition));
            told.retain(|id: &ObjectId, _: &mut String| {
                let awaited = unserved.contains(id);
                if !awaited {
                    self.say_ready(component, id);
                }
                awaited
            });
            if begin.elapsed() >= USUAL {
                let definitions: Vec<ObjectId> = unserved.into_iter().collect();
                self.healthy(component, &definitions, progress).await?;
                for id in &definitions {
                    self.awaits(component, id, UNSERVED.to_owned(), &mut told);
                }
                pause = longer(pause);
            }
            if !kinds.is_empty() && self.unless_over(sleep(pause)).await.is_none() {
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

    /// Waits until an object would be accepted by what guards it.
    pub(super) async fn accepted(&self, object: &Object) -> Result<(), String> {
        let mut awaited = Awaited::default();
        let mut pause = SOON;
        loop {
            match self.unless_over(self.target.probe(object)).await {
                Some(Ok(Ok(()))) => break,
                Some(Ok(Err(why))) => {
                    let reason = format!("a webhook does not answer yet: {why}");
                    self.awaits(&object.component, &object.id, reason, &mut awaited.reasons);
                }
                Some(Err(error)) if error.kind.is_of_one_object() => break, // The write tells it.
                Some(Err(error)) => {
                    let told = error.to_string();
                    self.fail(&object.id, error);
                    return Err(told);
                }
                None => return Err(self.give_up(&object.component, &awaited).await),
            }
            if self.unless_over(sleep(pause)).await.is_none() {
                return Err(self.give_up(&object.component, &awaited).await);
            }
            pause = longer(pause);
        }
        if !awaited.reasons.is_empty() {
            self.say_ready(&object.component, &object.id);
        }
        Ok(())
    }
}

/// What is told of an object about which the place knows nothing more.
fn unexplained(id: &ObjectId, reason: &str) -> Finding {
    let namespace = id.namespace.as_ref().map(|n| format!(" -n {n}")).unwrap_or_default();
    let kind = id.kind.to_lowercase();
    Finding {
        object: id.clone(),
        reason: "NotHealthy".into(),
        message: reason.to_owned(),
        lines: Vec::new(),
        next_step: format!("see `kubectl describe {kind} {}{namespace}`", id.name),
    }
}
