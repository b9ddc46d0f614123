//! A configuration that is given to a live controller, and the run that the controller makes of it.
//!
//! The command line does this in place of a run of its own, which the controller would undo. What the controller does
//! is read from the status of the ClusterConfiguration, by the rules of kstatus: a state counts once it is about the
//! generation that was written and is not reconciling any more.

mod reading;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::StreamExt as _;
use serde_json::{Value, json};

use self::reading::{Reading, Told};
use super::approval::Approval;
use super::cc::APPROVE;
use super::error::Error;
use super::operation::request_of;
use crate::cluster::{Change, Cluster, ErrorKind, Kind, Selection};
use crate::config;
use crate::engine::{self, Event};
use crate::install::{self, Consents, DryRun, Prepared, Session};
use crate::inventory::Key;
use crate::target::Target;

/// How often the ClusterConfiguration is read again when others edit it at the same time.
const TRIES: usize = 5;

/// A configuration for a live controller.
pub struct Handover<'h, T> {
    /// The session on the cluster of the controller.
    pub session: &'h Session<T>,
    /// The connection to it.
    pub cluster: &'h Cluster,
    /// The configuration.
    pub prepared: &'h Prepared,
    /// What the user allows: a plan that needs no more is approved.
    pub consents: &'h Consents,
    /// Wait until everything is healthy, and not only written.
    pub wait: bool,
    /// How long all of it may take.
    pub timeout: Duration,
}

impl<T: Target> Handover<'_, T> {
    /// Stores the configuration in the ClusterConfiguration, and follows the run of the controller to its end. What
    /// its components do is told as by a run of our own.
    ///
    /// # Errors
    /// The API server refuses the configuration, the run failed, the plan of the controller needs more than the user
    /// allowed, the ClusterConfiguration was edited meanwhile, or it took too long. The controller goes on.
    pub async fn run(&self, on_event: &mut dyn FnMut(Event)) -> Result<(), Error> {
        let stored = self.store().await?;
        let mut seen = Reading::of(&stored);
        tokio::select! {
            answer = self.follow(&mut seen, on_event) => return answer,
            () = self.session.stop().requested() => {
                return Err(install::Error::from(engine::Error::Interrupted).into());
            }
            () = tokio::time::sleep(self.timeout) => {}
        }
        Err(Error::TooLong { timeout: self.timeout, message: seen.message().to_owned() })
    }

    /// Replaces the specification; metadata and status stay.
    async fn store(&self) -> Result<Value, Error> {
        let id = config::object_id();
        let spec = self.prepared.spec();
        for _ in 0..TRIES {
            let Some(mut live) = self.cluster.get(&id).await? else { return Err(Error::Edited) };
            live["spec"].clone_from(&spec);
            match self.cluster.replace(&live).await {
                Err(error) if error.kind == ErrorKind::Changed => {}
                answer => return Ok(answer?),
            }
        }
        Err(Error::Edited)
    }

    async fn follow(
        &self,
        seen: &mut Reading,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(), Error> {
        let id = config::object_id();
        let selection = Selection::named(Some(config::NAMESPACE), config::NAME);
        let mut changes = self.cluster.watch(&Kind::of(&id), &selection).await?;
        let mut approved = None;
        while let Some(change) = changes.next().await {
            let body = match change {
                Change::Applied(body) => body,
                Change::Deleted(_) => return Err(Error::Edited),
                Change::Complete | Change::Interrupted(_) => continue,
            };
            match seen.take(&body, self.wait, on_event) {
                Told::Goes => {}
                Told::Succeeded => return Ok(()),
                Told::Ended(error) => return Err(error),
                Told::Asks(hash) if approved.as_ref() == Some(&hash) => {}
                Told::Asks(hash) => {
                    self.approve(&hash, &body).await?;
                    approved = Some(hash);
                }
            }
        }
        // A watch has no end.
        Ok(())
    }

    /// Approves the plan of the controller, if it is the one that follows from what the user saw and allowed.
    async fn approve(&self, hash: &str, body: &Value) -> Result<(), Error> {
        let mut request = request_of(self.prepared, self.wait, Some(BTreeSet::new()));
        request.dry_run = Some(DryRun::Server);
        let review = install::review(self.session, &request).await?;
        let used = body["status"]["lastApproved"].as_str();
        let ours = Approval::of(&review, &Key::public().digest(&body["spec"]), used);
        if ours.hash != hash || !review.unconfirmed(self.consents).is_empty() {
            return Err(Error::OtherPlan { hash: hash.to_owned() });
        }
        let annotation = json!({"metadata": {"annotations": {APPROVE: hash}}});
        self.cluster.merge(&config::object_id(), &annotation, None).await?;
        Ok(())
    }
}
