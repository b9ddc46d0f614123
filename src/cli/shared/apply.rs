//! From a checked configuration to a finished run: review, confirm, execute.

use super::confirm::{confirm, consented};
use super::execution::Execution;
use super::outage::told;
use super::{closing, handover, plan, plan_again, preflight};
use crate::cli::args::applying::ApplyingArgs;
use crate::cli::args::format::TextOrJson;
use crate::cli::exit::Failure;
use crate::controller::{self, Handover};
use crate::install::{self, ApplyRequest, DryRun, Outcome, Prepared, Review, Session};
use crate::plan::Summary;
use crate::status;
use crate::target::Target;
use crate::ui::Output;

/// Reviews a configuration, asks, and executes it.
///
/// # Errors
/// The run failed, was declined, or found conflicts.
pub(in crate::cli) async fn apply<T: Target>(
    args: &ApplyingArgs,
    session: &Session<T>,
    prepared: &Prepared,
    output: &Output,
) -> Result<(), Failure> {
    let apply = async || planned(args, session, prepared, output).await;
    plan_again::unless_current(args.output, output, apply).await
}

/// Carries out one plan.
async fn planned<T: Target>(
    args: &ApplyingArgs,
    session: &Session<T>,
    prepared: &Prepared,
    output: &Output,
) -> Result<(), Failure> {
    let mut request = args.request(prepared);
    let contrary = match request.dry_run {
        None => install::contrary(session, prepared).await?,
        Some(_) => None,
    };
    if let (Some(contrary), Some(cluster)) = (&contrary, session.connection()) {
        handover::check(contrary, cluster, prepared, args, output).await?;
        request.take_back = controller::take_back(contrary.mode);
    }
    let review = told(session.target(), output, install::review(session, &request)).await?;
    plan::warn_of_replaced(&review.planned.plan, output);
    output.diagnostics(&review.warnings, &prepared.loaded.sources);
    if let Some(mode) = request.dry_run {
        return dry_run(session, &review, &request, (mode, args.output), output).await;
    }
    consented(&review, &request.consents)?;
    preflight::report(&review, args.output, output)?;
    if !args.yes {
        ask(session, &review, output)?;
    }
    if let (Some(contrary), Some(cluster)) = (&contrary, session.connection()) {
        let handover = Handover {
            session,
            cluster,
            prepared,
            contrary,
            shown: &review,
            consents: &request.consents,
            wait: args.wait,
            timeout: args.timeout,
        };
        handover::run(&handover, args, output).await?;
        let summary = review.planned.plan.summary();
        return finished(session, prepared, &review, args.output, summary, output).await;
    }
    let execution = Execution {
        title: format!("Applying to {}", session.place()),
        format: args.output,
        progress: args.progress,
        removes: false,
    };
    let outcome = execution.run(session, &review, &request.consents, output).await?;
    warn_of_history(&outcome, output);
    finished(session, prepared, &review, args.output, outcome.summary, output).await
}

/// Prints what to do next.
async fn finished<T: Target>(
    session: &Session<T>,
    prepared: &Prepared,
    review: &Review,
    format: TextOrJson,
    summary: Summary,
    output: &Output,
) -> Result<(), Failure> {
    let next = install::next_steps(session.target(), review, prepared).await;
    let conflicts = plan::conflicts(&review.planned.plan);
    match format {
        TextOrJson::Text => {
            let objects = &review.planned.desired.objects;
            if let Some(next) = next {
                output.print(&format!("\n{}", next.text()));
            } else if !session.target().runs_workloads() && !review.planned.is_settled() {
                output.print(&format!("\n{}", status::after_directory(&session.place(), objects)));
            }
        }
        TextOrJson::Json => {
            let code = conflicts.as_ref().map_or_else(|failure| failure.code(false), |()| 0);
            closing::summary(format, summary, next.as_ref(), code, output)?;
        }
    }
    conflicts
}

/// Shows what would change, and what would make the run fail.
async fn dry_run<T: Target>(
    session: &Session<T>,
    review: &Review,
    request: &ApplyRequest<'_>,
    (mode, format): (DryRun, TextOrJson),
    output: &Output,
) -> Result<(), Failure> {
    let shown = plan::show(&review.planned.plan, format, output);
    show_replaced(review, output);
    consented(review, &request.consents)?;
    let passed = preflight::report(review, TextOrJson::Text, output);
    if mode == DryRun::Server {
        let rejected = install::dry_run::refused(session, review).await?;
        for one in &rejected {
            output.message(&format!("rejected {} ({}): {}", one.object, one.component, one.cause));
        }
        if !rejected.is_empty() {
            return Err(Failure::Refused(rejected.len()));
        }
    }
    passed.and(shown)
}

/// Asks before something changes on a cluster.
fn ask<T: Target>(session: &Session<T>, review: &Review, output: &Output) -> Result<(), Failure> {
    let installer = review.replaced_installer();
    let changes = review.planned.plan.has_writes() || installer.is_some();
    if !session.is_on_cluster() || !changes {
        return Ok(());
    }
    output.message(&plan::summary(&review.planned.plan, output));
    show_replaced(review, output);
    confirm(&format!("Apply these changes to {}?", session.place()), false, output)
}

/// The installer that goes, which is no part of the plan.
fn show_replaced(review: &Review, output: &Output) {
    if let Some(id) = review.replaced_installer() {
        output.message(&format!(
            "- delete {id}: replaced by ksi; its ServiceAccount and ClusterRole are kept"
        ));
    }
}

fn warn_of_history(outcome: &Outcome, output: &Output) {
    if let Some(error) = &outcome.history_error {
        output.message(&format!(
            "ksi: this run is not in the history: {error}\nhelp: {}",
            error.help
        ));
    }
}
