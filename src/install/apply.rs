//! The review of a configuration: what applying it would change, and what that would break.

use super::desired::{graph, new_inventory, with_placeholders, with_values};
use super::error::Error;
use super::execute::Review;
use super::history::Record;
use super::request::{ApplyRequest, DryRun};
use super::session::Session;
use super::{preflight, safeguards};
use crate::engine::{self, Options, Wait};
use crate::plan::{PlanOptions, Winner};
use crate::render;
use crate::target::Target;

/// Reviews a configuration. Changes nothing.
///
/// # Errors
/// The target cannot be read, the manifests cannot be made, or the session was cancelled.
pub async fn review<T: Target>(
    session: &Session<T>,
    request: &ApplyRequest<'_>,
) -> Result<Review, Error> {
    let options = options(session, request)?;
    session.start_clock();
    session.unless_cancelled(Box::pin(reviewed(session, request, options))).await
}

async fn reviewed<T: Target>(
    session: &Session<T>,
    request: &ApplyRequest<'_>,
    options: Options,
) -> Result<Review, Error> {
    let (target, prepared) = (session.target(), request.prepared);
    let stored = target.values().await?;
    let desired = match request.dry_run {
        // The API server accepts no placeholders.
        Some(DryRun::Server) if session.is_on_cluster() => with_values(prepared, &stored)?,
        Some(_) => with_placeholders(prepared, &stored)?,
        None => with_values(prepared, &stored)?,
    };
    let planned = engine::plan(target, stored, desired, &options).await?;
    let mut risks = safeguards::of_deletions(&planned.plan);
    let Some(cluster) = session.cluster_target() else {
        return Ok(Review {
            planned,
            risks,
            preflight: None,
            options,
            record: None,
            unrecorded: false,
        });
    };
    let (of_apply, preflight) = futures_util::join!(
        safeguards::of_apply(cluster, &planned, prepared),
        preflight::check(cluster, &planned, request),
    );
    risks.extend(of_apply?);
    let whole = request.components.is_empty();
    let record = whole.then(|| Record::new(&prepared.configuration, request.history_max));
    Ok(Review { planned, risks, preflight, options, record, unrecorded: false })
}

fn options<T: Target>(session: &Session<T>, request: &ApplyRequest<'_>) -> Result<Options, Error> {
    let known = render::components();
    let is_known = |name: &String| known.iter().any(|component| component.name == *name);
    if let Some(name) = request.components.iter().find(|name| !is_known(name)) {
        return Err(Error::UnknownComponent(name.clone()));
    }
    let winner = if request.force_conflicts { Winner::Desired } else { Winner::Live };
    let (prune, names) = (request.consents.prune_options(), request.consents.names());
    let take = request.take.clone();
    let components = request.components.iter().cloned();
    Ok(Options {
        plan: PlanOptions { prune, names, winner, take, ..PlanOptions::default() },
        blank: new_inventory()?,
        graph: graph(),
        wait: Wait {
            health: request.wait,
            timeout: session.timeout(),
            fail_fast: request.fail_fast,
        },
        assumed: None,
        runner: session.runner(),
        only: (!request.components.is_empty()).then(|| components.collect()),
    })
}
