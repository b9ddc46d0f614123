//! What reached the API server, told by its own audit log: the oracle for what was written.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::control_plane::ControlPlane;
use crate::process::wait_until;

/// A request that changed something, or tried to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// `create`, `update`, `patch`, `delete` or `deletecollection`.
    pub verb: String,
    /// Plural, with its subresource: `pods`, `pods/status`.
    pub resource: String,
    /// Empty for objects of the cluster.
    pub namespace: String,
    /// Empty where the API server gave it or a collection was meant.
    pub name: String,
    /// The answer's status.
    pub code: u16,
    /// Whether it was to change nothing.
    pub dry_run: bool,
    /// Who asked.
    pub user_agent: String,
}

/// A request about an object or a list of them, whatever came of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// `get`, `list`, `watch`, `create`, `patch`, …
    pub verb: String,
    /// API group, empty for the core group.
    pub group: String,
    /// Plural, with its subresource: `pods/log`.
    pub resource: String,
    /// Empty for objects of the cluster.
    pub namespace: String,
    /// Empty where a list was meant.
    pub name: String,
    /// The answer's status.
    pub code: u16,
}

/// A position in the log of one control plane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark(u64);

/// Waits until everything that was answered so far is in the log, and gives the position behind it.
///
/// # Errors
/// The API server does not answer.
pub fn mark(plane: &ControlPlane) -> Result<Mark> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // The log is written in order: what came before a request that is in it is in it too.
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let selector = format!("labelSelector=sandbox-mark%3D{}-{number}", process::id());
    plane.kubectl(&["get", "--raw", &format!("/api/v1/namespaces?{selector}")])?;
    let mut end = None;
    wait_until("a request to be in the audit log", Duration::from_secs(10), || {
        let text = read(&plane.audit_log(), Mark::default())?;
        end = text.find(&selector).and_then(|at| Some(at + text[at..].find('\n')? + 1));
        Ok(end.is_some())
    })?;
    Ok(Mark(u64::try_from(end.unwrap_or_default())?))
}

/// The writes since a mark by everyone whose user agent begins so, dry runs and failures included.
/// Access reviews, which leave nothing, are none.
///
/// # Errors
/// The API server does not answer, or the log cannot be read.
pub fn writes(plane: &ControlPlane, since: Mark, agent: &str) -> Result<Vec<Write>> {
    mark(plane)?;
    writes_in(&plane.audit_log(), since, agent)
}

/// The same from a log whose API server need not run; what was answered last may be missing.
///
/// # Errors
/// The log cannot be read.
pub fn writes_in(log: &Path, since: Mark, agent: &str) -> Result<Vec<Write>> {
    let text = read(log, since)?;
    let mut writes = Vec::new();
    // A last line without its end is still being written.
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let event: Event = serde_json::from_str(line)
            .with_context(|| format!("no audit event in {}: {line}", log.display()))?;
        if event.user_agent.starts_with(agent) {
            writes.extend(event.write());
        }
    }
    Ok(writes)
}

/// All requests since a mark by one user, each once.
///
/// # Errors
/// The API server does not answer, or the log cannot be read.
pub fn requests(plane: &ControlPlane, since: Mark, user: &str) -> Result<BTreeSet<Request>> {
    mark(plane)?;
    let text = read(&plane.audit_log(), since)?;
    let mut requests = BTreeSet::new();
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let event: Event = serde_json::from_str(line)?;
        if event.user.username == user {
            requests.extend(event.request());
        }
    }
    Ok(requests)
}

fn read(log: &Path, since: Mark) -> Result<String> {
    let mut file = File::open(log).with_context(|| format!("cannot open {}", log.display()))?;
    file.seek(SeekFrom::Start(since.0))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    stage: String,
    verb: String,
    #[serde(rename = "requestURI")]
    uri: String,
    #[serde(default)]
    user_agent: String,
    #[serde(default)]
    user: User,
    object_ref: Option<Object>,
    response_status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Object {
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
    api_group: String,
}

#[derive(Deserialize, Default)]
struct User {
    #[serde(default)]
    username: String,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    code: u16,
}

impl Object {
    fn full_resource(&self) -> String {
        match &*self.subresource {
            "" => self.resource.clone(),
            subresource => format!("{}/{subresource}", self.resource),
        }
    }
}

impl Event {
    fn request(self) -> Option<Request> {
        let object = self.object_ref?;
        Some(Request {
            verb: self.verb,
            resource: object.full_resource(),
            group: object.api_group,
            namespace: object.namespace,
            name: object.name,
            code: self.response_status.map_or(0, |status| status.code),
        })
    }

    fn write(self) -> Option<Write> {
        let verbs = ["create", "update", "patch", "delete", "deletecollection"];
        let last = self.stage == "ResponseComplete" || self.stage == "Panic";
        let object = self.object_ref.unwrap_or_default();
        let review = ["authorization.k8s.io", "authentication.k8s.io"];
        if !last || !verbs.contains(&&*self.verb) || review.contains(&&*object.api_group) {
            return None;
        }
        Some(Write {
            verb: self.verb,
            resource: object.full_resource(),
            namespace: object.namespace,
            name: object.name,
            code: self.response_status.map_or(0, |status| status.code),
            dry_run: self.uri.contains("dryRun=All"),
            user_agent: self.user_agent,
        })
    }
}
