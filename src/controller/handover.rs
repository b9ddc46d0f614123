//! A configuration that is given to a live controller, and the run that the controller makes of it.
//!
//! The command line does this in place of a run of its own, which the controller would undo. What the controller does
//! is read from the status of the ClusterConfiguration, by the rules of kstatus: a state counts once it is about the
//! generation that was written and is not reconciling any more.

mod reading;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::StreamExt as _;
use serde_json::Value;

use self::reading::{Reading, Told};
use super::approval::{Approval, risk};
use super::cc::{APPROVE, Mode};
use super::error::Error;
use super::operation::{outline, request_of};
use crate::cluster::{Change, Cluster, ErrorKind, Kind, Selection};
use crate::config;
use crate::engine::{self, Event};
use crate::install::{self, Consents, Contrary, DryRun, Prepared, Review, Session, Source};
use crate::inventory::Key;
use crate::object::ObjectId;
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
    /// The controller, and what it follows.
    pub contrary: &'h Contrary,
    /// What the user was shown.
    pub shown: &'h Review,
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
        self.session.start_clock();
        let mut message = "it has not looked at the configuration yet".to_owned();
        tokio::select! {
            answer = self.stored_and_followed(&mut message, on_event) => return answer,
            () = self.session.stop().requested() => {
                return Err(install::Error::from(engine::Error::Interrupted).into());
            }
            () = tokio::time::sleep(self.timeout) => {}
        }
        Err(Error::TooLong { timeout: self.timeout, message })
    }

    async fn stored_and_followed(
        &self,
        message: &mut String,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(), Error> {
        // Who may not look at it could not follow it either.
        let (kind, selection) = (Kind::of(&config::object_id()), selection());
        self.cluster.list(&kind, &selection).await?;
        let stored = self.store().await?;
        self.follow(Reading::of(&stored), message, on_event).await
    }

    /// Replaces the specification; metadata and status stay. What was edited since the user saw the plan is not
    /// overwritten.
    async fn store(&self) -> Result<Value, Error> {
        self.edit(&self.contrary.spec, |live| live["spec"] = self.prepared.spec()).await
    }

    /// Changes the object as long as it has this specification, also while its status is written.
    async fn edit(&self, spec: &Value, change: impl Fn(&mut Value)) -> Result<Value, Error> {
        for _ in 0..TRIES {
            let live = self.cluster.get(&config::object_id()).await?;
            let mut live = live.filter(|live| live["spec"] == *spec).ok_or(Error::Edited)?;
            change(&mut live);
            match self.cluster.replace(&live).await {
                Err(error) if error.kind == ErrorKind::Changed => {}
                answer => return Ok(answer?),
            }
        }
        Err(Error::Edited)
    }

    async fn follow(
        &self,
        mut seen: Reading,
        message: &mut String,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(), Error> {
        let kind = Kind::of(&config::object_id());
        let mut changes = self.cluster.watch(&kind, &selection()).await?;
        let mut approved = None;
        while let Some(change) = changes.next().await {
            let body = match change {
                Change::Applied(body) => body,
                Change::Deleted(_) => return Err(Error::Edited),
                Change::Interrupted(cause) => {
                    *message = cause;
                    continue;
                }
                Change::Complete => continue,
            };
            let told = seen.take(&body, self.wait, on_event);
            seen.message().clone_into(message);
            match told {
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

    /// Approves the plan of the controller, if it is the one that the user saw and allowed.
    async fn approve(&self, hash: &str, body: &Value) -> Result<(), Error> {
        let mut request = request_of(self.prepared, self.wait, take_back(self.contrary.mode));
        request.dry_run = Some(DryRun::Server);
        let review = install::review(self.session, &request).await?;
        let used = body["status"]["lastApproved"].as_str();
        let ours = Approval::of(&review, &Key::public().digest(&body["spec"]), used);
        let is_shown = outline(&review) == outline(self.shown)
            && risks(&review) == risks(self.shown)
            && review.unconfirmed(self.consents).is_empty();
        if ours.hash != hash || !is_shown {
            return Err(Error::OtherPlan { hash: hash.to_owned() });
        }
        self.edit(&body["spec"], |live| live["metadata"]["annotations"][APPROVE] = hash.into())
            .await?;
        Ok(())
    }
}

/// Whether the controller may apply the configuration: some fields need the leave of an administrator there.
///
/// # Errors
/// It may not, or the cluster cannot be read.
pub async fn check_restricted(
    cluster: &Cluster,
    prepared: &Prepared,
) -> Result<(), install::Error> {
    let stored = install::effective::document(&prepared.spec());
    let read = Source::of_cluster(&stored).load().check_on(cluster).await?;
    install::check_restricted(cluster, &read).await
}

/// The fields that a controller in this mode takes back after an edit, when no fight is known.
pub fn take_back(mode: Mode) -> Option<BTreeSet<ObjectId>> {
    (mode != Mode::Observe).then(BTreeSet::new)
}

fn selection() -> Selection {
    Selection::named(Some(config::NAMESPACE), config::NAME)
}

fn risks(review: &Review) -> Vec<String> {
    review.risks.iter().map(risk).collect()
}
