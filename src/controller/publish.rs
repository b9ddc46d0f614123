//! Writes the status and the Events of the ClusterConfiguration.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::cc::Configured;
use super::event::{self, Reason};
use super::state::State;
use super::status;
use crate::cluster::{Cluster, Error, ErrorKind};
use crate::config;
use crate::object::age::timestamp;

/// Writes the status where it differs, and tells each change once.
pub(super) struct Publisher {
    cluster: Cluster,
    /// The status as it was last read or written.
    live: Value,
    /// Of which object that is.
    uid: String,
    /// Whether the CRD has a status subresource. That of ks-installer has none: there, each write of the status
    /// raises the generation.
    has_subresource: bool,
    /// The last message of each reason, so that a repeated failure is told once.
    told: BTreeMap<Reason, String>,
}

impl Publisher {
    pub(super) fn new(cluster: &Cluster) -> Self {
        let cluster = cluster.session();
        let (live, uid) = (Value::Null, String::new());
        Self { cluster, live, uid, has_subresource: true, told: BTreeMap::new() }
    }

    /// The status as it is in the cluster.
    pub(super) fn live(&self) -> &Value {
        &self.live
    }

    /// Whether the generation says that the specification is another one.
    pub(super) fn has_subresource(&self) -> bool {
        self.has_subresource
    }

    /// A state of the object was seen.
    pub(super) fn saw(&mut self, cc: &Configured) {
        self.live = cc.status().clone();
        if self.uid != cc.uid {
            self.uid.clone_from(&cc.uid);
            self.told.clear();
        }
    }

    /// Writes the status if it differs. Returns it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) async fn publish(&mut self, state: &State) -> Result<Value, Error> {
        let status = status::document(state, &self.live, OffsetDateTime::now_utc());
        if let Some(patch) = status::patch(&status, &self.live) {
            let body = json!({"metadata": {"uid": state.cc.uid}, "status": patch});
            let id = config::object_id();
            let live = match self.cluster.merge(&id, &body, Some("status")).await {
                Err(error) if matches!(error.kind, ErrorKind::NotServed | ErrorKind::NotFound) => {
                    self.has_subresource = false;
                    self.cluster.merge(&id, &body, None).await?
                }
                answer => {
                    self.has_subresource = true;
                    answer?
                }
            };
            self.live = live["status"].clone();
        }
        Ok(status)
    }

    /// Writes an Event, unless the last one with this reason said the same. Returns whether it is news.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) async fn tell(
        &mut self,
        cc: &Configured,
        reason: Reason,
        operation: &str,
        message: &str,
    ) -> Result<bool, Error> {
        if self.told.get(&reason).is_some_and(|told| told == message) {
            return Ok(false);
        }
        let now = OffsetDateTime::now_utc();
        let unique = format!("{:x}{:04x}", now.unix_timestamp_nanos(), fastrand::u16(..));
        let body = event::manifest(cc, reason, operation, message, &unique, &seconds(now));
        self.cluster.create(&body, false).await?;
        self.told.insert(reason, message.to_owned());
        Ok(true)
    }

    /// What is well again may be told again.
    pub(super) fn forget(&mut self, reasons: &[Reason]) {
        self.told.retain(|reason, _| !reasons.contains(reason));
    }
}

/// A time as Kubernetes writes it, to the second.
pub(super) fn seconds(time: OffsetDateTime) -> String {
    timestamp(time.replace_nanosecond(0).unwrap_or(time))
}
