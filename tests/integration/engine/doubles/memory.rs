//! A target in memory, for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ksi::health::{Cause, assess};
use ksi::inventory::Inventory;
use ksi::object::{Contents, DryRunResult, Held, Object, ObjectId, is_terminating};
use ksi::target::{
    Effect, Error, ErrorKind, Finding, Monitor, NewKind, Observation, Outage, Reader, Store, Write,
    Writer, Written,
};
use ksi::values::StoredValues;
use serde_json::Value;

use super::Faults;
use super::faults::LOST;
use super::life::{self, Life};

/// Objects, values and inventory in memory. Changes are visible at once, as in a cluster. Nothing runs
/// there, unless it is given a [`Life`]. `Debug` shows how many objects there are, not what is in them.
#[derive(Default)]
pub(crate) struct Memory {
    content: Mutex<Content>,
    faults: Faults,
    life: Option<Life>,
    dry_runs: BTreeMap<ObjectId, DryRunResult>,
}

#[derive(Default, Clone)]
struct Content {
    objects: BTreeMap<ObjectId, Value>,
    values: StoredValues,
    inventory: Option<Inventory>,
    locked: bool,
    log: Vec<String>,
    /// How often objects got a uid.
    uids: usize,
    /// Since when each object is as it is, and which are terminating, counted in `changed`.
    since: BTreeMap<ObjectId, usize>,
    terminating: BTreeMap<ObjectId, usize>,
    /// How often deleted objects were created again.
    replaced: BTreeMap<ObjectId, usize>,
    now: usize,
}

impl Memory {
    /// The same content under another fault script; as a new process finds it: unlocked, no log.
    #[must_use]
    pub(crate) fn restarted(&self, faults: Faults) -> Self {
        let content = Content { locked: false, log: Vec::new(), ..self.content().clone() };
        let (life, dry_runs) = (self.life.clone(), self.dry_runs.clone());
        Self { content: Mutex::new(content), faults, life, dry_runs }
    }

    /// The same as a place where objects run, by a script.
    #[must_use]
    pub(crate) fn living(self, life: Life) -> Self {
        Self { life: Some(life), ..self }
    }

    /// The same as a place with dry run results.
    #[must_use]
    pub(crate) fn with_dry_runs(
        self,
        dry_runs: impl IntoIterator<Item = (ObjectId, DryRunResult)>,
    ) -> Self {
        Self { dry_runs: dry_runs.into_iter().collect(), ..self }
    }

    /// Changes an object as another client would.
    pub(crate) fn meddle(&self, id: &ObjectId, change: impl FnOnce(&mut Value)) {
        if let Some(body) = self.content().objects.get_mut(id) {
            change(body);
        }
    }

    /// Loses the stored values.
    pub(crate) fn forget_values(&self) {
        self.content().values = StoredValues::default();
    }

    /// Creates an object as another client would.
    pub(crate) fn make(&self, body: Value) {
        if let Some(id) = ObjectId::of(&body) {
            self.content().objects.insert(id, body);
        }
    }

    /// Deletes an object as another client would.
    pub(crate) fn remove(&self, id: &ObjectId) {
        self.content().objects.remove(id);
    }

    /// Every object.
    pub(crate) fn objects(&self) -> BTreeMap<ObjectId, Value> {
        self.content().objects.clone()
    }

    /// What was asked for, in order: `write Secret/a/b`, `commit`.
    pub(crate) fn log(&self) -> Vec<String> {
        self.content().log.clone()
    }

    /// Whether a run holds the lock.
    pub(crate) fn is_locked(&self) -> bool {
        self.content().locked
    }

    /// How many changes were tried.
    pub(crate) fn changes(&self) -> usize {
        self.faults.count()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(
        &self,
        action: &'static str,
        place: &str,
        change: impl FnOnce(&mut Content),
    ) -> Result<(), Error> {
        let mut content = self.content();
        content.log.push(format!("{action} {place}"));
        if !content.locked {
            return Err(error(ErrorKind::Locked, action, place, "the lock is not held"));
        }
        self.faults.step().map_err(|cut| {
            let kind = if cut.kind() == LOST { ErrorKind::Locked } else { ErrorKind::Io };
            error(kind, action, place, &cut.to_string())
        })?;
        change(&mut content);
        Ok(())
    }
}

impl Content {
    /// The uid of an object: the same until it is deleted.
    fn uid_of(&mut self, id: &ObjectId) -> String {
        let known = self.objects.get(id).and_then(|body| body["metadata"]["uid"].as_str());
        if let Some(uid) = known {
            return uid.to_owned();
        }
        self.uids += 1;
        format!("uid-{}", self.uids)
    }

    /// The objects of a CRD.
    fn instances(&self, definition: &ObjectId) -> impl Iterator<Item = &ObjectId> {
        let spec = self.objects.get(definition).map(|body| &body["spec"]);
        let is_one = move |id: &&ObjectId| {
            spec.is_some_and(|spec| spec["group"] == *id.group && spec["names"]["kind"] == *id.kind)
        };
        self.objects.keys().filter(is_one)
    }

    /// Whether a deleted object is created again, as often as the script has it.
    fn replaces(&mut self, id: &ObjectId, most: usize) -> bool {
        let times = self.replaced.entry(id.clone()).or_default();
        *times += 1;
        *times <= most
    }

    /// Time passes: terminating objects are deleted.
    fn tick(&mut self) {
        self.now += 1;
        for (id, _) in self.terminating.iter().filter(|(_, until)| **until <= self.now) {
            self.objects.remove(id);
        }
        self.terminating.retain(|_, until| *until > self.now);
    }
}

fn has_finalizers(body: &Value) -> bool {
    body["metadata"]["finalizers"].as_array().is_some_and(|all| !all.is_empty())
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} objects, {:?})", self.content().objects.len(), self.faults)
    }
}

impl Reader for Memory {
    fn place(&self) -> String {
        "memory".into()
    }

    async fn observe(
        &self,
        desired: &[Object],
        inventory: Option<&Inventory>,
    ) -> Result<Observation, Error> {
        let content = self.content();
        let ours = inventory.into_iter().flat_map(Inventory::entries).map(|entry| &entry.id);
        let found: BTreeSet<&ObjectId> =
            desired.iter().map(|object| &object.id).chain(ours).collect();
        let objects = found.into_iter().filter_map(|id| content.objects.get_key_value(id));
        let is_there = |id: &ObjectId| content.objects.contains_key(id);
        let dry_runs = self.dry_runs.iter().filter(|(id, _)| is_there(id));
        Ok(Observation {
            objects: objects.map(owned).collect(),
            dry_runs: dry_runs.map(|(id, f)| (id.clone(), f.clone())).collect(),
        })
    }

    async fn read(&self, ids: &[ObjectId]) -> Result<BTreeMap<ObjectId, Value>, Error> {
        let content = self.content();
        Ok(ids.iter().filter_map(|id| content.objects.get_key_value(id)).map(owned).collect())
    }

    async fn instances(
        &self,
        definitions: &[ObjectId],
    ) -> Result<BTreeMap<ObjectId, Vec<ObjectId>>, Error> {
        let content = self.content();
        let there = definitions.iter().filter(|_| self.life.is_some());
        Ok(there.map(|id| (id.clone(), content.instances(id).cloned().collect())).collect())
    }

    async fn contents(&self, namespaces: &[&str]) -> Result<Contents, Error> {
        let content = self.content();
        let inside = content.objects.iter().filter(|(id, _)| {
            self.life.is_some() && id.namespace.as_deref().is_some_and(|n| namespaces.contains(&n))
        });
        let live: Vec<Value> = inside.map(|(_, body)| body.clone()).collect();
        Ok(Contents::of(&live, BTreeSet::new()))
    }

    async fn held(&self, controllers: &[ObjectId]) -> Result<Vec<Held>, Error> {
        let content = self.content();
        let listed = |resource: &str| {
            let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
            let is_one = |id: &ObjectId| {
                id.group == group
                    && (plural == "*" || plural == format!("{}s", id.kind.to_lowercase()))
            };
            content.objects.iter().filter(|(id, _)| is_one(id)).map(|(_, body)| body).collect()
        };
        Ok(Held::among(controllers, listed))
    }

    fn warnings(&self) -> Vec<String> {
        self.life.as_ref().map(Life::take_warnings).unwrap_or_default()
    }

    fn outage(&self) -> Option<Outage> {
        let is_silent = self.life.as_ref()?.silent.contains(&self.content().now);
        let (cause, silence) = ("connection refused".to_owned(), Duration::from_secs(2));
        is_silent.then_some(Outage { cause, silence, retries: Some(Duration::from_secs(58)) })
    }
}

impl Store for Memory {
    async fn values(&self) -> Result<StoredValues, Error> {
        Ok(self.content().values.clone())
    }

    async fn inventory(&self) -> Result<Option<Inventory>, Error> {
        Ok(self.content().inventory.clone())
    }

    async fn store_values(&self, values: &StoredValues) -> Result<(), Error> {
        self.change("store", "values", |content| {
            content.values = values.clone();
        })
    }

    async fn record(&self, inventory: &Inventory) -> Result<(), Error> {
        self.change("record", "inventory", |content| {
            content.inventory = Some(inventory.clone());
        })
    }

    async fn forget(&self) -> Result<(), Error> {
        self.change("forget", "everything", |content| {
            content.values = StoredValues::default();
            content.inventory = None;
        })
    }
}

impl Writer for Memory {
    async fn lock(&self) -> Result<Vec<ObjectId>, Error> {
        let mut content = self.content();
        if content.locked {
            return Err(error(ErrorKind::Locked, "lock", "memory", "another run holds it"));
        }
        content.locked = true;
        Ok(Vec::new())
    }

    async fn write(&self, write: Write<'_>) -> Result<Written, Error> {
        let life = self.life.as_ref();
        if let Some(kind) = life.and_then(|life| life.refused.get(write.id)) {
            let place = write.id.to_string();
            self.content().log.push(format!("refuse {place}"));
            return Err(error(*kind, "write", place, "it is refused"));
        }
        if let Some(often) = life.and_then(|life| life.held.get(write.id)) {
            let (mut content, words) = (self.content(), format!("hold {}", write.id));
            if content.log.iter().filter(|held| **held == words).count() < *often {
                content.log.push(words);
                let place = write.id.to_string();
                return Err(error(ErrorKind::Held, "write", place, "its port is held"));
            }
        }
        let mut written = Written::plain(Effect::Visible);
        self.change("write", &write.id.to_string(), |content| {
            let mut body = write.body.clone();
            if life.is_some() {
                let uid = content.uid_of(write.id);
                body["metadata"]["uid"] = uid.clone().into();
                written.uid = Some(uid);
                written.live = Some(body.clone());
            }
            content.since.insert(write.id.clone(), content.now);
            content.objects.insert(write.id.clone(), body);
        })?;
        if let Some(life) = life {
            life.pause().await;
        }
        Ok(written)
    }

    async fn delete(&self, id: &ObjectId) -> Result<Effect, Error> {
        let lingers = self.life.as_ref().and_then(|life| life.lingers.get(id));
        let replaced = self.life.as_ref().and_then(|life| life.replaced.get(id)).copied();
        let unattended = self.life.as_ref().is_some_and(|life| life.unattended.contains(id));
        self.change("delete", &id.to_string(), |content| match lingers {
            _ if content.replaces(id, replaced.unwrap_or_default()) => {}
            Some(for_) => {
                let until = content.now.saturating_add(*for_);
                if let Some(body) = content.objects.get_mut(id) {
                    life::begin_termination(body);
                    content.terminating.entry(id.clone()).or_insert(until);
                }
            }
            None => match content.objects.get_mut(id) {
                Some(body) if unattended && has_finalizers(body) => life::mark_deleted(body),
                _ => {
                    content.objects.remove(id);
                }
            },
        })?;
        Ok(Effect::Visible)
    }

    async fn remove_finalizers(&self, held: &Held) -> Result<(), Error> {
        self.change("release", &held.id.to_string(), |content| {
            if let Some(body) = content.objects.get_mut(&held.id) {
                body["metadata"]["finalizers"] = held.patch()["metadata"]["finalizers"].clone();
                if is_terminating(body) && !has_finalizers(body) {
                    content.objects.remove(&held.id);
                }
            }
        })
    }

    async fn replace(&self, id: &ObjectId, _: &str) -> Result<(), Error> {
        self.delete(id).await.map(|_| ())
    }

    async fn commit(&self) -> Result<(), Error> {
        self.content().log.push("commit".into());
        Ok(())
    }

    async fn release(&self) {
        self.abandon();
    }

    fn abandon(&self) {
        self.content().locked = false;
    }
}

impl Monitor for Memory {
    fn runs_workloads(&self) -> bool {
        self.life.is_some()
    }

    async fn live(&self, ids: &[ObjectId]) -> Result<BTreeMap<ObjectId, Value>, Error> {
        let Some(life) = &self.life else { return Ok(BTreeMap::new()) };
        let content = self.content();
        let body_of = |id: &ObjectId| {
            let mut body = content.objects.get(id)?.clone();
            let age = content.now - content.since.get(id).copied().unwrap_or_default();
            life.status(id, age, &mut body);
            Some((id.clone(), body))
        };
        Ok(ids.iter().filter_map(body_of).collect())
    }

    async fn is_stopped(&self, deployment: &ObjectId) -> Result<bool, Error> {
        let ends = self.life.as_ref().and_then(|life| life.stops.get(deployment)).copied();
        let mut content = self.content();
        content.now += 1;
        Ok(ends.is_none_or(|end| content.now >= end))
    }

    async fn changed(&self, _: &[ObjectId]) {
        let Some(life) = &self.life else { return std::future::pending().await };
        life.pause().await;
        self.content().tick();
    }

    async fn unserved(&self, kinds: &[NewKind]) -> Result<BTreeSet<ObjectId>, Error> {
        let definitions: Vec<_> = kinds.iter().map(|kind| kind.definition.clone()).collect();
        let live = self.live(&definitions).await?;
        self.content().tick();
        let is_served = |id: &ObjectId| live.get(id).is_some_and(|body| assess(body).is_healthy());
        Ok(definitions.into_iter().filter(|id| !is_served(id)).collect())
    }

    async fn probe(&self, object: &Object) -> Result<Result<(), String>, Error> {
        let until = self.life.as_ref().and_then(|life| life.guarded.get(&object.id.kind));
        let mut content = self.content();
        content.log.push(format!("probe {}", object.id));
        content.now += 1;
        Ok(match until {
            Some(until) if content.now < *until => Err("connection refused".into()),
            _ => Ok(()),
        })
    }

    async fn causes(&self, unhealthy: &[&Value]) -> BTreeMap<ObjectId, Cause> {
        let Some(life) = &self.life else { return BTreeMap::new() };
        let now = self.content().now;
        let known = |live: &&Value| {
            let id = ObjectId::of(live)?;
            let (until, cause) = life.causes.get(&id)?;
            (now < *until).then(|| (id, cause.clone()))
        };
        unhealthy.iter().filter_map(known).collect()
    }

    async fn diagnose(&self, id: &ObjectId) -> Vec<Finding> {
        self.life.iter().filter_map(|life| life.findings.get(id).cloned()).collect()
    }
}

fn error(kind: ErrorKind, action: &'static str, place: impl Into<String>, cause: &str) -> Error {
    let (cause, help) = (cause.to_owned(), String::new());
    Error { kind, action, place: place.into(), cause, help }
}

fn owned((id, body): (&ObjectId, &Value)) -> (ObjectId, Value) {
    (id.clone(), body.clone())
}
