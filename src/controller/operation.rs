//! One run: the ClusterConfiguration is read, reviewed and, where nothing has to be approved, carried out. These are
//! the use cases that the command line calls.

use std::collections::BTreeSet;
use std::time::Duration;

use super::approval::Approval;
use super::cc::{Configured, Mode};
use super::contested::Fights;
use super::drift::{self, Repair};
use super::problem::{self, Problem};
use crate::check;
use crate::cluster::Cluster;
use crate::engine::{self, Event, Stop};
use crate::install::{
    self, ApplyRequest, Consents, DryRun, Error, Prepared, Review, Session, Source,
};
use crate::object::ObjectId;
use crate::plan::{Action, Summary};
use crate::status::NextSteps;
use crate::target::ClusterTarget;

/// How many configurations the history keeps.
const HISTORY: usize = 10;
/// How many plans a run makes where others change something between a plan and its first write.
const PLANS: usize = 3;

/// One run.
pub(super) struct Operation<'o> {
    pub(super) cluster: &'o Cluster,
    /// The name of this process in the lock.
    pub(super) holder: String,
    pub(super) timeout: Duration,
    /// Wait until everything is healthy.
    pub(super) wait: bool,
    /// Look at the health also where nothing has to be written.
    pub(super) once: bool,
    pub(super) cc: Configured,
    /// The last approval that was used.
    pub(super) used_approval: Option<String>,
    pub(super) mode: Mode,
    pub(super) fights: &'o Fights,
    pub(super) stop: Stop,
}

/// What a run tells on the way.
pub(super) enum Step {
    /// It is about to be carried out.
    Planned(Summary),
    /// An event of its execution.
    Event(Event),
    /// Something that a user should know.
    Warning(String),
}

/// What may be carried out.
struct Allowed {
    review: Review,
    /// Those of its approval.
    consents: Consents,
    /// The hash of the approval, if it needed one.
    approved: Option<String>,
}

/// How a run ended.
pub(super) enum Outcome {
    /// Everything is as it should be; nothing was written.
    Settled(Left),
    /// Others changed something, and it is only reported.
    Observed(Vec<String>, Left),
    /// It was carried out.
    Applied(Box<Done>),
    /// The configuration is invalid.
    Invalid(Vec<Problem>),
    /// The plan has to be approved.
    Approval(Approval),
    /// It failed.
    Failed(Error, Vec<Problem>),
}

/// The conflicts that stay.
pub(super) type Left = Vec<(ObjectId, String)>;

/// A run that was carried out.
pub(super) struct Done {
    pub(super) summary: Summary,
    pub(super) repaired: Vec<Repair>,
    pub(super) left: Left,
    /// The approval that allowed it.
    pub(super) approved: Option<String>,
    /// Where the installation is reached.
    pub(super) next: Option<NextSteps>,
}

impl Operation<'_> {
    /// Runs it to its end.
    pub(super) async fn run(&self, on_step: &mut dyn FnMut(Step)) -> Outcome {
        let mut answer = Box::pin(self.carried_out(on_step)).await;
        for _ in 1..PLANS {
            if !matches!(answer, Err(Error::Engine(engine::Error::Changed(_)))) {
                break;
            }
            answer = Box::pin(self.carried_out(on_step)).await;
        }
        match answer {
            Ok(outcome) => outcome,
            Err(Error::Rejected(rejected)) => Outcome::Invalid(problem::of_rejected(&rejected)),
            Err(error) => Outcome::Failed(error, Vec::new()),
        }
    }

    async fn carried_out(&self, on_step: &mut dyn FnMut(Step)) -> Result<Outcome, Error> {
        let session =
            Session::on_cluster(self.cluster, self.holder.clone(), self.timeout, self.stop.clone());
        let prepared = tokio::select! {
            prepared = self.prepare(session.cluster()) => prepared?,
            () = self.stop.requested() => return Err(engine::Error::Interrupted.into()),
        };
        match Box::pin(self.allowed(&session, &prepared)).await? {
            Ok(allowed) => self.carry_out(&session, &prepared, &allowed, on_step).await,
            Err(approval) => Ok(Outcome::Approval(approval)),
        }
    }

    /// The review that may be carried out; or the approval that it needs.
    async fn allowed(
        &self,
        session: &Session<ClusterTarget>,
        prepared: &Prepared,
    ) -> Result<Result<Allowed, Approval>, Error> {
        let mut request = self.request(prepared);
        let (mut consents, mut approved) = (Consents::default(), None);
        if self.mode != Mode::Plan {
            let review = install::review(session, &request).await?;
            if review.unconfirmed(&consents).is_empty() {
                return Ok(Ok(Allowed { review, consents, approved }));
            }
        }
        // What has to be approved has no generated values: two reviews would not have the same ones.
        request.dry_run = Some(DryRun::Server);
        let planned = install::review(session, &request).await?;
        if self.mode != Mode::Plan || asks_for_approval(&planned) {
            let used = self.used_approval.as_deref();
            let approval = Approval::of(&planned, &self.cc.spec_hash, used);
            if self.cc.approve.as_ref() != Some(&approval.hash) {
                return Ok(Err(approval));
            }
            consents = planned.risks.iter().map(install::Risk::consent).collect();
            approved = Some(approval.hash);
        }
        request.dry_run = None;
        let review = install::review(session, &request).await?;
        if outline(&review) != outline(&planned) {
            return Err(engine::Error::Changed("the cluster".to_owned()).into());
        }
        Ok(Ok(Allowed { review, consents, approved }))
    }

    /// Carries it out, unless there is nothing to do, drift is only observed, or a check fails.
    async fn carry_out(
        &self,
        session: &Session<ClusterTarget>,
        prepared: &Prepared,
        Allowed { review, consents, approved }: &Allowed,
        on_step: &mut dyn FnMut(Step),
    ) -> Result<Outcome, Error> {
        for warning in review.warnings.iter().chain(prepared.warnings.iter()) {
            on_step(Step::Warning(format!("{}: {}", warning.code, warning.message)));
        }
        let left = drift::left_alone(&review.planned.plan);
        let is_settled = review.planned.is_settled() && review.replaced_installer().is_none();
        if is_settled && !self.once {
            return Ok(Outcome::Settled(left));
        }
        if self.mode == Mode::Observe && !has_news(review) {
            return Ok(Outcome::Observed(differences(review), left));
        }
        let failed: Vec<Problem> = review
            .preflight
            .iter()
            .flat_map(|report| report.rows.iter().filter_map(problem::of_check))
            .collect();
        if !failed.is_empty() {
            return Ok(Outcome::Failed(Error::Preflight(review.failed_checks()), failed));
        }
        let repaired = drift::repairs(&review.planned);
        on_step(Step::Planned(review.planned.plan.summary()));
        let mut on_event = |event| on_step(Step::Event(event));
        let execution = install::execute(session, review, consents, &mut on_event);
        let outcome = Box::pin(execution).await?;
        if let Some(error) = &outcome.history_error {
            on_step(Step::Warning(format!("this run is not in the history: {error}")));
        }
        Ok(Outcome::Applied(Box::new(Done {
            summary: outcome.summary,
            repaired,
            left,
            approved: approved.clone(),
            next: install::next_steps(session.target(), review, prepared).await,
        })))
    }

    async fn prepare(&self, cluster: &Cluster) -> Result<Prepared, Error> {
        let draft = Source::of_cluster(&self.cc.body).load();
        draft.precheck()?;
        let mut prepared = draft.check_on(cluster).await?;
        // Before the Secret that it names is read.
        install::check_restricted(cluster, &prepared).await?;
        prepared.read_secret(cluster).await?;
        Ok(prepared)
    }

    fn request<'p>(&self, prepared: &'p Prepared) -> ApplyRequest<'p> {
        // Where drift is only observed nothing is taken back.
        let take_back = (self.mode != Mode::Observe).then(|| self.fights.objects());
        request_of(prepared, self.wait, take_back)
    }
}

/// What a controller asks for. `take_back` is as in [`ApplyRequest`].
pub(super) fn request_of(
    prepared: &Prepared,
    wait: bool,
    take_back: Option<BTreeSet<ObjectId>>,
) -> ApplyRequest<'_> {
    ApplyRequest {
        prepared,
        consents: Consents::default(),
        components: Vec::new(),
        force_conflicts: false,
        take: Vec::new(),
        take_back,
        wait,
        fail_fast: true,
        dry_run: None,
        // It would ask registries before each repetition of a run, and nobody could skip it here. A pod that cannot
        // pull its image is in the status.
        skip_checks: vec![check::AVAILABLE.to_owned()],
        history_max: HISTORY,
    }
}

/// Whether a plan has something that a user may not want.
fn asks_for_approval(review: &Review) -> bool {
    review.planned.plan.has_writes() || !review.risks.is_empty()
}

/// What a plan does to which object.
pub(super) fn outline(review: &Review) -> Vec<(&ObjectId, Action)> {
    let changes = review.planned.plan.changes.iter();
    let does = changes.filter(|change| change.is_write() || change.action == Action::Delete);
    does.map(|change| (&change.id, change.action)).collect()
}

/// Whether a plan has more than repairs: another configuration, another version of ksi, or new certificates.
fn has_news(review: &Review) -> bool {
    let planned = &review.planned;
    let Some(inventory) = &planned.observed.inventory else { return true };
    inventory.spec_hash != planned.desired.spec_hash
        || inventory.ksi_version != env!("CARGO_PKG_VERSION")
        || planned.stored != planned.desired.values
}

/// What would be put back, and what is in conflict, one line each.
fn differences(review: &Review) -> Vec<String> {
    let repairs = drift::repairs(&review.planned);
    let conflicts = drift::left_alone(&review.planned.plan);
    let conflicts = conflicts.into_iter().map(|(id, why)| format!("{id}: {why}"));
    repairs.iter().map(Repair::message).chain(conflicts).collect()
}
