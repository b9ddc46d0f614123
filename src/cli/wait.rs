//! `ksi wait`: until everything is healthy, or gone.

mod gone;
pub(super) mod progress;

use std::time::Duration;

use clap::{Args, ValueEnum};
use futures_util::future::join_all;
use time::OffsetDateTime;
use tokio::time::{Instant, timeout_at};

use self::gone::Gone;
use self::progress::Progress;
use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::format::TextOrJson;
use super::installed::{Installed, NAMESPACE, cluster_inventory};
use super::live::Follow;
use super::span::{self, Span};
use super::status::report::{About, State, report};
use crate::cluster::Cluster;
use crate::diagnose;
use crate::engine::Event;
use crate::inventory;
use crate::ui::{self, Output};

/// Programs that run us kill what says nothing for long.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Of more objects than these the reasons are the same.
const FINDINGS: usize = 8;

/// Wait until everything is healthy, or gone
///
/// Follows the objects as they change and says each change in one line; every 15 seconds, what is still
/// awaited. When the time is over, it says of each object that is not healthy why: its condition, the
/// reason of its containers, the last events and log lines, and what to do next.
///
/// With `--for deleted` it waits until `ksi uninstall` is through: what uninstalling keeps
/// (definitions, claims, namespaces) is not waited for.
///
/// Exit codes: 0 reached, 5 not reached in time, 1 not installed, 7 cannot be reached.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi wait
  ksi wait --component ks-core --timeout 5m
  ksi wait --for deleted -o json")]
pub(super) struct WaitArgs {
    /// What to wait for
    #[arg(long = "for", value_enum, default_value_t, value_name = "STATE")]
    awaited: Awaited,
    /// How long, as 90s, 10m or 1h30m
    #[arg(long, default_value = "10m", value_name = "SPAN", env = "KSI_TIMEOUT")]
    timeout: Span,
    /// Only this component
    #[arg(long, value_name = "NAME")]
    component: Option<String>,
    /// How to tell what happens: text, or one JSON event per line
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Awaited {
    /// Everything is healthy
    #[default]
    Ready,
    /// Everything that uninstalling removes is gone
    Deleted,
}

pub(super) fn run(args: &WaitArgs, output: &Output) -> Result<(), Failure> {
    let WaitArgs { awaited, timeout, component, output: format, connection } = args;
    super::block_on(async {
        let deadline = Instant::now() + timeout.0;
        let cluster = connection.connect().await?;
        let told = Teller { format: *format, output };
        let installed = match cluster_inventory(&cluster).await {
            Err(Failure::NotInstalled(_)) if *awaited == Awaited::Deleted => {
                told.summary("nothing is installed")?;
                return Ok(());
            }
            other => other?.only(component.as_deref())?,
        };
        let wait = Wait { cluster: &cluster, installed: &installed, deadline, told };
        match awaited {
            Awaited::Ready => wait.ready().await,
            Awaited::Deleted => wait.deleted(component.is_none()).await,
        }
        .map_err(|late| late.failure(*timeout))
    })?
}

/// Why a wait ended without what it waited for.
enum Late {
    /// It is not there yet.
    Unhealthy(String),
    /// Nobody knows: the cluster does not answer.
    Unknown(String),
    /// Something else.
    Other(Failure),
}

impl Late {
    fn failure(self, timeout: Span) -> Failure {
        let after = span::words(timeout.0.as_secs());
        match self {
            Self::Unhealthy(awaited) => Failure::Unhealthy(format!(
                "not reached within {after}: {awaited}\n\
                 help: `ksi status` shows how everything is; `ksi wait` waits longer with --timeout"
            )),
            Self::Unknown(error) => Failure::Lost(format!(
                "not reached within {after}, and the cluster does not answer: {error}\n\
                 help: check with `kubectl get --raw /readyz` that the API server answers"
            )),
            Self::Other(failure) => failure,
        }
    }
}

impl<E: Into<Failure>> From<E> for Late {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

struct Wait<'w> {
    cluster: &'w Cluster,
    installed: &'w Installed,
    deadline: Instant,
    told: Teller<'w>,
}

impl Wait<'_> {
    async fn ready(&self) -> Result<(), Late> {
        let mut follow = Follow::start(self.cluster, self.installed).await?;
        let mut progress = Progress::default();
        let mut heartbeat = Instant::now() + HEARTBEAT;
        let about = About::default();
        loop {
            let report = report(self.installed, &follow.live, &about, OffsetDateTime::now_utc());
            for event in progress.changes(&report) {
                self.told.event(&event)?;
                heartbeat = Instant::now() + HEARTBEAT;
            }
            if report.state == State::Healthy && follow.broken.is_none() {
                let total = report.components.len();
                self.told.summary(&format!("healthy: {total} of {total} components"))?;
                return Ok(());
            }
            if Instant::now() >= self.deadline {
                if let Some(error) = follow.broken {
                    return Err(Late::Unknown(error));
                }
                self.explain(&progress).await?;
                return Err(Late::Unhealthy(progress.awaited()));
            }
            let until = heartbeat.min(self.deadline);
            if timeout_at(until, follow.changed()).await.is_err() && Instant::now() >= heartbeat {
                heartbeat = Instant::now() + HEARTBEAT;
                self.told.heartbeat(&progress.awaited(), follow.broken.as_deref())?;
            }
        }
    }

    async fn deleted(&self, whole: bool) -> Result<(), Late> {
        let mut follow = Follow::start(self.cluster, self.installed).await?;
        let gone = Gone::new(self.installed);
        let mut heartbeat = Instant::now();
        let mut left = usize::MAX;
        loop {
            let mut there = gone.there(&follow.live);
            if there.is_empty() && whole && follow.broken.is_none() {
                // The inventory goes last.
                match cluster_inventory(self.cluster).await {
                    Err(Failure::NotInstalled(_)) => {}
                    Ok(_) => there.push(format!("Secret/{NAMESPACE}/{}", inventory::SECRET)),
                    Err(failure) => return Err(Late::Other(failure)),
                }
            }
            if there.is_empty() && follow.broken.is_none() {
                self.told.summary("everything is gone")?;
                return Ok(());
            }
            let awaited = gone::words(&there);
            if there.len() != left || Instant::now() >= heartbeat {
                left = there.len();
                heartbeat = Instant::now() + HEARTBEAT;
                self.told.heartbeat(&awaited, follow.broken.as_deref())?;
            }
            if Instant::now() >= self.deadline {
                return Err(match follow.broken {
                    Some(error) => Late::Unknown(error),
                    None => Late::Unhealthy(awaited),
                });
            }
            // The inventory is not watched.
            let until = heartbeat.min(self.deadline).min(Instant::now() + Duration::from_secs(5));
            let _ = timeout_at(until, follow.changed()).await;
        }
    }

    /// Says of what is still awaited why.
    async fn explain(&self, progress: &Progress) -> Result<(), Late> {
        let awaited: Vec<_> = progress.objects().take(FINDINGS).collect();
        let found = awaited.iter().map(|(object, component)| async move {
            (*component, diagnose::findings(self.cluster, object).await)
        });
        for (component, findings) in join_all(found).await {
            for finding in findings {
                self.told.event(&Event::Finding { component: component.to_owned(), finding })?;
            }
        }
        Ok(())
    }
}

/// Tells what happens: JSON is data, text is for people.
#[derive(Clone, Copy)]
struct Teller<'t> {
    format: TextOrJson,
    output: &'t Output,
}

impl Teller<'_> {
    fn event(&self, event: &Event) -> Result<(), Failure> {
        let now = OffsetDateTime::now_utc();
        match self.format {
            TextOrJson::Text => {
                if let Some(line) = ui::event_line(event) {
                    self.line(&line);
                }
            }
            TextOrJson::Json => self.output.data(&format!("{}\n", ui::event_json(event, now)))?,
        }
        Ok(())
    }

    fn heartbeat(&self, awaited: &str, broken: Option<&str>) -> Result<(), Failure> {
        let lost = broken.map_or_else(String::new, |error| {
            format!("; the connection is broken and made again: {error}")
        });
        self.other("wait", &format!("still waiting for {awaited}{lost}"))
    }

    fn summary(&self, text: &str) -> Result<(), Failure> {
        self.other("summary", text)
    }

    fn other(&self, kind: &str, message: &str) -> Result<(), Failure> {
        match self.format {
            TextOrJson::Text => self.line(message),
            TextOrJson::Json => {
                let ts = super::status::timestamp(OffsetDateTime::now_utc());
                let json = serde_json::json!({"ts": ts, "type": kind, "message": message});
                self.output.data(&format!("{json}\n"))?;
            }
        }
        Ok(())
    }

    fn line(&self, line: &str) {
        self.output.say(&format!("{} {line}", clock(OffsetDateTime::now_utc())));
    }
}

/// The time of day, as logs have it.
pub(super) fn clock(now: OffsetDateTime) -> String {
    let (hour, minute, second) = now.to_hms();
    format!("{hour:02}:{minute:02}:{second:02}Z")
}
