//! The review of a configuration: what applying it would change, and what that would break.

use super::desired::{graph, new_inventory, with_placeholders, with_values};
use super::error::Error;
use super::execute::Review;
use super::history::Record;
use super::known_values::KnownValues;
use super::request::ApplyRequest;
use super::session::Session;
use super::{installed, preflight, safeguards};
use crate::engine::{self, Options, Wait};
use crate::object::ObjectId;
use crate::plan::{self, PlanOptions, Winner};
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
    mut options: Options,
) -> Result<Review, Error> {
    let (target, prepared) = (session.target(), request.prepared);
    let known = KnownValues::read(target, prepared).await?;
    let desired = match request.dry_run {
        Some(_) => with_placeholders(prepared, &known)?,
        None => with_values(prepared, &known, &request.components)?,
    };
    let mut planned = engine::plan(target, known.stored.clone(), desired, &options).await?;
    if let Some(left) = &request.take_back {
        let is_left = |id: &ObjectId| left.contains(id);
        options.plan.take.extend(plan::taken_from_us(&planned.plan, &planned.observed, is_left));
        if options.plan.take != request.take {
            planned = engine::plan_again(target, planned, &options).await?;
        }
    }
    if let Some(field) =
        plan::nothing_to_take(&request.take, &planned.desired.objects, &planned.observed)
    {
        let conflicts = plan::takeable(&planned.observed);
        return Err(Error::NothingToTake { field: field.clone(), conflicts });
    }
    let preflight = async {
        match session.cluster_target() {
            Some(cluster) => preflight::check(cluster, &planned, request).await,
            None => None,
        }
    };
    let (installed, of_apply, of_installer, preflight) = futures_util::join!(
        installed::check(session, &planned, prepared, &known),
        safeguards::of_apply(session, &planned, prepared, &known.all),
        safeguards::of_ks_installer(session, &planned),
        preflight,
    );
    let warnings = installed?;
    let mut risks = safeguards::of_deletions(&planned.plan);
    risks.extend(of_apply?);
    let (replaced, risk) = of_installer?;
    options.replaced = replaced;
    risks.extend(risk);
    let recorded = session.is_on_cluster() && request.components.is_empty();
    let record = recorded.then(|| Record::new(&prepared.configuration, request.history_max));
    Ok(Review { planned, warnings, risks, preflight, options, record })
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
        wait: Wait {
            health: request.wait,
            timeout: session.timeout(),
            fail_fast: request.fail_fast,
        },
        runner: session.runner(),
        only: (!request.components.is_empty()).then(|| components.collect()),
        ..Options::new(new_inventory()?, graph())
    })
}
