//! Is a cluster ready for an installation, and is what runs there healthy?

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use tokio::time::Instant;

use super::desired;
use super::error::Error;
use super::facts::observe_facts;
use super::source::Source;
use super::{history, rollback};
use crate::check::{self, Configured, Context, Report, Wants};
use crate::cluster::Cluster;
use crate::diagnostic::{Diagnostics, Severity};
use crate::target::{self, About, ClusterTarget, Store as _};

/// How long between two rounds of checks.
const PAUSE: Duration = Duration::from_secs(5);

/// What is assessed.
#[derive(Debug, Clone, Default)]
pub struct AssessmentRequest {
    /// The configuration and its name; without it, the ClusterConfiguration of the cluster, else what ksi
    /// applied last.
    pub source: Option<(String, Source)>,
    /// Before an installation.
    pub pre: bool,
    /// Checks that are left out.
    pub skip: Vec<String>,
}

/// Runs the checks once.
///
/// # Errors
/// A template of ksi is broken. A cluster that cannot be read is a result, and no error.
pub async fn assess(cluster: &Cluster, request: &AssessmentRequest) -> Result<Report, Error> {
    let configured = configured(cluster, request).await?;
    let secrets = configured.configuration.as_ref().map_or(&[][..], |c| &c.images.pull_secrets);
    let images = request.pre && !request.skip.iter().any(|id| id == check::AVAILABLE);
    let desired = &configured.desired;
    let wants = Wants { desired, pull_secrets: secrets, pre: request.pre, images };
    let gathered = check::gather(cluster, &wants).await;
    let now = OffsetDateTime::from(SystemTime::now());
    let context = Context { configured: &configured, now };
    Ok(check::run(&gathered, &context, request.pre, &request.skip))
}

/// Runs the checks until none finds an error or the time is over; `on_errors` gets each report before
/// another round.
///
/// # Errors
/// As [`assess`].
pub async fn assess_until(
    cluster: &Cluster,
    request: &AssessmentRequest,
    timeout: Duration,
    on_errors: &mut dyn FnMut(&Report),
) -> Result<Report, Error> {
    let started = Instant::now();
    loop {
        let report = assess(cluster, request).await?;
        if report.errors() == 0 || started.elapsed() + PAUSE > timeout {
            return Ok(report);
        }
        on_errors(&report);
        tokio::time::sleep(PAUSE).await;
    }
}

/// The given configuration, else that of the cluster. One that is invalid is a result too.
async fn configured(cluster: &Cluster, request: &AssessmentRequest) -> Result<Configured, Error> {
    let (name, source) = match &request.source {
        Some(given) => given.clone(),
        None => match of_cluster(cluster).await {
            Err(why) => return Ok(Configured { unread: Some(why), ..Configured::default() }),
            Ok(None) => return Ok(Configured::default()),
            Ok(Some(found)) => found,
        },
    };
    // Without the right to read nodes the rest can still be checked.
    let facts = observe_facts(cluster).await.unwrap_or_default();
    let mut draft = source.load();
    // What cannot be read of it can be missing, too.
    let _ = draft.observe(cluster).await;
    let (found, prepared) = match draft.check_with(Some(facts)) {
        Ok(mut prepared) => (std::mem::take(&mut prepared.warnings), Some(prepared)),
        Err(Error::Rejected(rejected)) => (rejected.diagnostics, None),
        Err(error) => return Err(error),
    };
    let desired = match &prepared {
        Some(prepared) => desired::offline(prepared)?,
        None => Vec::new(),
    };
    Ok(Configured {
        source: name,
        errors: lines(&found, Severity::Error),
        warnings: lines(&found, Severity::Warning),
        unread: None,
        desired,
        configuration: prepared.map(|prepared| prepared.configuration),
    })
}

/// The configuration of a cluster and its name: the ClusterConfiguration, else what ksi applied last. Where ksi
/// never applied a whole configuration, or uninstalled it, there is none.
pub(super) async fn of_cluster(cluster: &Cluster) -> Result<Option<(String, Source)>, String> {
    if let Some(object) = check::configuration(cluster).await? {
        let name = "ClusterConfiguration ks-installer".to_owned();
        return Ok(Some((name, Source::of_cluster(&object))));
    }
    let why = |error: target::Error| error.to_string();
    // Reading takes no lock, so the holder does not matter.
    let target = ClusterTarget::new(cluster, "");
    let inventory = target.inventory().await.map_err(why)?;
    let Some(hash) = inventory.map(|i| i.spec_hash).filter(|hash| !hash.is_empty()) else {
        return Ok(None);
    };
    let history = target.history().await.map_err(why)?;
    let Some(revision) = history::applied(&history, &hash) else {
        return Ok(None);
    };
    let stored = target.values().await.map_err(why)?;
    let About { time, .. } = &revision.about;
    let name = format!("revision {} of the history, applied {time}", revision.number);
    Ok(Some((name, rollback::source(revision, &stored))))
}

fn lines(found: &Diagnostics, severity: Severity) -> Vec<String> {
    let chosen = found.iter().filter(|d| d.severity == severity);
    chosen.map(|d| format!("{}: {}", d.code, d.message)).collect()
}
