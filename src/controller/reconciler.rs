//! The loop: watch, decide, run, publish.

mod beside;
mod ending;
mod pause;
mod revision;
mod running;

use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::cc::{Configured, Mode};
use super::contested::Fights;
use super::decision::{Deviations, Memory, Next, Wanted};
use super::deviation;
use super::error::Error;
use super::event::Reason;
use super::follow::{Configurations, Secret};
use super::notice::Notice;
use super::publish::Publisher;
use super::settings::{Published, Settings};
use super::state::{State, Verdict, recorded};
use crate::cluster::{self, Cluster, Kind, Selection};
use crate::config;
use crate::engine::{self, Stop};
use crate::install;
use crate::status::{self, About, Installed, Report, State as Health, Watch};

/// How long it takes until what failed beside a run, such as writing the status, is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// The objects of the installation, and what they were when ksi wrote them.
struct Installation<'c> {
    installed: Installed,
    about: About,
    watch: Watch<'c>,
}

/// Where notices go.
pub(super) type Notify<'n> = &'n mut dyn FnMut(Notice);

/// A controller.
pub(super) struct Reconciler<'c> {
    cluster: &'c Cluster,
    settings: &'c Settings,
    stop: &'c Stop,
    began: Instant,
    configurations: Configurations,
    secret: Secret,
    installation: Option<Installation<'c>>,
    /// Whether the installation has to be read again.
    is_stale: bool,
    /// Whether the revision of what was applied last has to be read.
    needs_revision: bool,
    memory: Memory,
    fights: Fights,
    publisher: Publisher,
    state: Option<State>,
    /// What the log was told of what is awaited.
    awaits: String,
    published: &'c watch::Sender<Published>,
}

/// The answer of a controller that was stopped: a run that was to be the only one is interrupted.
pub(super) fn stopped(settings: &Settings) -> Result<(), Error> {
    let interrupted = install::Error::from(engine::Error::Interrupted);
    if settings.once { Err(interrupted.into()) } else { Ok(()) }
}

impl<'c> Reconciler<'c> {
    pub(super) fn new(
        cluster: &'c Cluster,
        settings: &'c Settings,
        stop: &'c Stop,
        configurations: Configurations,
        published: &'c watch::Sender<Published>,
    ) -> Self {
        Self {
            cluster,
            settings,
            stop,
            began: Instant::now(),
            configurations,
            secret: Secret::default(),
            installation: None,
            is_stale: true,
            needs_revision: false,
            memory: Memory::default(),
            fights: Fights::default(),
            publisher: Publisher::new(cluster),
            state: None,
            awaits: String::new(),
            published,
        }
    }

    /// Follows the ClusterConfiguration until it is stopped, or until the end of one run.
    pub(super) async fn follow(mut self, notify: Notify<'_>) -> Result<(), Error> {
        let limit = self.began + self.settings.timeout;
        let once = self.settings.once;
        let is_late = || once && Instant::now() >= limit;
        let mut is_fresh = false;
        loop {
            if self.stop.is_requested() {
                self.publish(notify).await;
                return stopped(self.settings);
            }
            let ours = self.configurations.ours().filter(|_| self.configurations.are_complete());
            let Some(cc) = ours else {
                if is_late() {
                    // The watch tries again for ever: this says why it could not list them.
                    let kind = Kind::of(&config::object_id());
                    self.cluster.list(&kind, &Selection::default()).await?;
                    return Err(Error::NoConfiguration(self.configurations.others()));
                }
                self.state = None;
                self.await_configuration(notify);
                self.idle(Some(limit).filter(|_| once)).await;
                continue;
            };
            self.awaits.clear();
            if let Err(error) = self.read(&cc).await {
                if is_late() {
                    return Err(error.into());
                }
                notify(Notice::Warning(error.to_string()));
                self.idle(Some(Instant::now() + AGAIN)).await;
                continue;
            }
            let mode = cc.mode_at(OffsetDateTime::now_utc());
            let report = self.report();
            let seen = self.look(cc.clone(), mode, report.as_ref(), notify).await;
            self.memory.saw(&seen);
            let wanted = self.wanted(&cc, mode);
            let healthy = report.is_some_and(|report| report.state == Health::Healthy);
            match self.memory.next(&wanted, &seen, healthy, self.now()) {
                Next::Run(_) if !is_fresh && self.configurations.refresh(self.cluster).await => {
                    is_fresh = true;
                }
                Next::Run(cause) => {
                    is_fresh = false;
                    let answer = self.operate(cause, cc.clone(), wanted, seen, notify).await;
                    if once && !matches!(answer, Ok(false)) {
                        // The status is that after the run.
                        if self.read(&cc).await.is_ok() {
                            let report = self.report();
                            self.look(cc, mode, report.as_ref(), notify).await;
                        }
                        self.publish(notify).await;
                        return answer.map(|_| ());
                    }
                }
                Next::Wait(_) if once && mode == Mode::Paused => {
                    self.publish(notify).await;
                    return Err(Error::Paused);
                }
                Next::Wait(until) => {
                    is_fresh = false;
                    self.tell_of_pause(mode, notify).await;
                    let until = until.map(|until| self.began + until);
                    let is_missing = self.read_revision(notify).await;
                    let until = if self.publish(notify).await && !is_missing {
                        [until, self.pause_ends(&cc, mode)].into_iter().flatten().min()
                    } else {
                        Some(Instant::now() + AGAIN)
                    };
                    self.idle(until).await;
                }
            }
        }
    }

    /// The time since the start.
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Returns when something changed, at this time, or when it is stopped.
    async fn idle(&mut self, until: Option<Instant>) {
        let late = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        let installation = async {
            match &mut self.installation {
                Some(installation) => installation.watch.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.stop.requested() => {}
            () = self.configurations.changed() => {}
            () = self.secret.changed() => {}
            () = installation => {}
            () = late => {}
        }
    }

    /// Tells once that there is nothing to follow.
    fn await_configuration(&mut self, notify: Notify<'_>) {
        let others = self.configurations.others();
        let awaits = match (self.configurations.error(), &others[..]) {
            (Some(error), _) => format!("the API server, to list ClusterConfigurations: {error}"),
            (None, _) if !self.configurations.are_complete() => return,
            (None, []) => {
                "ClusterConfiguration ks-installer in namespace kubesphere-system".to_owned()
            }
            (None, others) => format!(
                "ClusterConfiguration ks-installer in namespace kubesphere-system; these are not followed: {}",
                others.join(", ")
            ),
        };
        if self.awaits != awaits {
            self.awaits.clone_from(&awaits);
            notify(Notice::Awaits(awaits));
        }
        let is_synced = self.configurations.are_complete();
        self.show(Published { is_synced, ..Published::default() });
    }

    /// Shows others how it is.
    fn show(&self, new: Published) {
        self.published.send_if_modified(|published| {
            let differs = *published != new;
            *published = new;
            differs
        });
    }

    /// Reads what belongs to the ClusterConfiguration, if it is not followed yet.
    async fn read(&mut self, cc: &Configured) -> Result<(), cluster::Error> {
        self.secret.follow(self.cluster, cc.secret.as_deref()).await?;
        if self.is_stale {
            self.installation = self.installation().await?;
            self.is_stale = false;
        }
        Ok(())
    }

    async fn installation(&self) -> Result<Option<Installation<'c>>, cluster::Error> {
        let installed = match Installed::read(self.cluster).await {
            Ok(installed) if installed.inventory.is_uninstalled() => return Ok(None),
            Ok(installed) => installed,
            Err(status::Error::Cluster(error)) => return Err(error),
            // Nothing is installed; or it cannot be used, and the next run says why.
            Err(_) => return Ok(None),
        };
        let (about, watch) = futures_util::try_join!(
            About::read(self.cluster),
            Watch::start_whole(self.cluster, &installed)
        )?;
        Ok(Some(Installation { installed, about, watch }))
    }

    /// How the installation is.
    fn report(&self) -> Option<Report> {
        let Installation { installed, about, watch } = self.installation.as_ref()?;
        Some(Report::new(installed, watch.snapshot(), about, OffsetDateTime::now_utc()))
    }

    /// Takes over what is seen now, tells what is new of it, and returns what is different from what ksi wrote.
    async fn look(
        &mut self,
        cc: Configured,
        mode: Mode,
        report: Option<&Report>,
        notify: Notify<'_>,
    ) -> Deviations {
        self.publisher.saw(&cc);
        let now = self.now();
        let (mut drift, mut seen) = (0, Deviations::new());
        if let (Some(report), Some(Installation { installed, watch, .. })) =
            (report, &self.installation)
        {
            drift = deviation::count(report, installed);
            self.fights.expire(now, |id| deviation::is_different(report, installed, id));
            let fights = &self.fights;
            seen = deviation::deviations(report, installed, watch.snapshot(), |id| {
                fights.is_contested(id)
            });
        }
        let others = self.configurations.others();
        let state = self.state.get_or_insert_with(|| State {
            applied: recorded(cc.status()),
            cc: cc.clone(),
            mode,
            others: Vec::new(),
            judged: None,
            verdict: Verdict::None,
            report: None,
            drift,
            contests: Vec::new(),
            conflicts: Vec::new(),
            operation: None,
            used_approval: cc.status()["lastApproved"].as_str().map(str::to_owned),
            handled_request: cc.status()["lastHandledRequestedAt"].as_str().map(str::to_owned),
        });
        if state.cc.uid != cc.uid {
            state.applied = recorded(cc.status());
        }
        let known = (&state.cc.spec_hash, state.cc.generation);
        let is_same = *known.0 == cc.spec_hash && !self.publisher.has_subresource();
        let generation = if is_same { known.1 } else { cc.generation };
        state.cc = Configured { generation, ..cc };
        // It was edited, and edited back before anybody looked.
        if let Some(applied) = &mut state.applied
            && applied.spec_hash == state.cc.spec_hash
        {
            applied.generation = generation;
        }
        state.mode = mode;
        state.report = report.cloned();
        state.drift = drift;
        state.contests = self.fights.contests();
        if state.others != others {
            state.others.clone_from(&others);
            if !others.is_empty() {
                let message = format!("these are not followed: {}", others.join(", "));
                self.tell(Reason::Ignored, &message, notify).await;
                notify(Notice::Warning(message));
            }
        }
        seen
    }

    fn wanted(&self, cc: &Configured, mode: Mode) -> Wanted {
        Wanted {
            uid: cc.uid.clone(),
            spec_hash: cc.spec_hash.clone(),
            mode,
            approve: cc.approve.clone(),
            requested_at: cc.requested_at.clone(),
            secret: self.secret.version().map(str::to_owned),
        }
    }

    /// Writes the status if it differs. Returns whether it could be written.
    async fn publish(&mut self, notify: Notify<'_>) -> bool {
        let Some(state) = &self.state else { return true };
        match self.publisher.publish(state).await {
            Ok(status) => {
                self.show(Published { is_synced: true, status });
                true
            }
            Err(error) => {
                notify(Notice::Warning(format!("the status is not written: {error}")));
                false
            }
        }
    }

    /// Writes an Event, and returns whether it is news. Without the right to do so, the log says it all.
    async fn tell(&mut self, reason: Reason, message: &str, notify: Notify<'_>) -> bool {
        let Some(state) = &self.state else { return false };
        let operation = state.operation.as_ref().map_or("", |operation| operation.id.as_str());
        match self.publisher.tell(&state.cc, reason, operation, message).await {
            Ok(is_news) => is_news,
            Err(error) => {
                let name = reason.as_str();
                notify(Notice::Warning(format!("Event {name} is not written: {error}")));
                true
            }
        }
    }
}
