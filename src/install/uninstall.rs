//! The review of an uninstallation: nothing is wanted, and what ksi made may go.

use super::consent::Consents;
use super::desired::{graph, new_inventory};
use super::error::Error;
use super::execute::Review;
use super::known_values::KnownValues;
use super::safeguards;
use super::session::Session;
use super::unrecorded;
use crate::config;
use crate::diagnostic::Diagnostics;
use crate::engine::{self, Desired, Options, Wait};
use crate::plan::PlanOptions;
use crate::target::Target;
use crate::values::Given;

/// How to uninstall.
#[derive(Debug, Clone)]
pub struct UninstallRequest {
    /// What may be deleted besides the objects that can be made again.
    pub consents: Consents,
    /// Wait until everything is deleted; otherwise only for objects that need their controllers.
    pub wait: bool,
}

/// Reviews an uninstallation. Changes nothing.
///
/// # Errors
/// The target cannot be read, or the session was cancelled.
pub async fn review_uninstall<T: Target>(
    session: &Session<T>,
    request: &UninstallRequest,
) -> Result<Review, Error> {
    let options = options(session, request)?;
    session.start_clock();
    session.unless_cancelled(Box::pin(reviewed(session, options))).await
}

async fn reviewed<T: Target>(session: &Session<T>, mut options: Options) -> Result<Review, Error> {
    let target = session.target();
    if let Some(cluster) = session.cluster_target()
        && let Some(controller) = safeguards::controller(cluster).await?
    {
        return Err(Error::ControllerRuns(Box::new(controller)));
    }
    if let Some(cluster) = session.cluster_target()
        && target.inventory().await?.is_none()
    {
        options.assumed = Box::pin(unrecorded::inventory(cluster)).await?;
    }
    let stored = target.values().await?;
    // The secrets of one that is not recorded are stored, so that a later installation goes on with them.
    let nothing = match options.assumed {
        Some(_) => Desired::nothing(&KnownValues::for_given(target, &Given::default()).await?.all),
        None => Desired::nothing(&stored),
    };
    let planned = engine::plan(target, stored, nothing, &options).await?;
    let mut risks = safeguards::of_deletions(&planned.plan);
    if let Some(cluster) = session.cluster_target() {
        risks.extend(safeguards::of_uninstall(cluster, &planned.plan).await?);
    }
    let warnings = Diagnostics::default();
    let (preflight, record) = (None, None);
    Ok(Review { planned, warnings, risks, preflight, options, record })
}

/// What ksi made may go, what it only creates included: the first account and the Secrets of values.
fn options<T: Target>(session: &Session<T>, request: &UninstallRequest) -> Result<Options, Error> {
    let mut prune = request.consents.prune_options();
    prune.created = true;
    let plan = PlanOptions {
        prune,
        names: request.consents.names(),
        allow_empty: true,
        record_namespace: session.is_on_cluster().then(|| config::NAMESPACE.to_owned()),
        ..PlanOptions::default()
    };
    Ok(Options {
        plan,
        wait: Wait { health: request.wait, timeout: session.timeout(), ..Wait::default() },
        runner: session.runner(),
        ..Options::new(new_inventory()?, graph())
    })
}
