//! What `apply` and `rollback` share: their flags, and the way from a configuration to its effect.

use clap::Args;

use super::confirm::confirm;
use super::connection::ConnectionArgs;
use super::consents::{self, ChangeArgs, PruneArgs};
use super::exit::Failure;
use super::format::TextOrJson;
use super::report::{ProgressArgs, Report};
use super::run_options::RunArgs;
use super::{afterwards, plan, preflight};
use crate::install::{self, ApplyRequest, DryRun, Outcome, Prepared, Review, Session};
use crate::target::Target;
use crate::ui::Output;

/// How a configuration is applied.
#[derive(Debug, Args)]
pub(super) struct ApplyingArgs {
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    prune: PruneArgs,
    #[command(flatten)]
    pub(super) preflight: preflight::PreflightArgs,
    #[command(flatten)]
    changes: ChangeArgs,
    /// How many configurations the history in the cluster keeps
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
    history_max: u16,
    /// How to show what happens: text, or one JSON event per line
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
}

impl ApplyingArgs {
    fn request<'p>(&self, prepared: &'p Prepared) -> ApplyRequest<'p> {
        ApplyRequest {
            consents: self.changes.consents(self.prune),
            skip_checks: self.preflight.skip.clone(),
            history_max: self.history_max.into(),
            ..self.run.request(prepared)
        }
    }

    /// Reviews a configuration, asks, and carries it out.
    pub(super) async fn apply<T: Target>(
        &self,
        session: &Session<T>,
        prepared: &Prepared,
        output: &Output,
    ) -> Result<(), Failure> {
        let request = self.request(prepared);
        let review = install::review(session, &request).await?;
        if let Some(asked) = request.dry_run {
            return self.dry_run(session, &review, &request, asked, output).await;
        }
        consents::confirmed(&review, &request.consents)?;
        preflight::report(&review, self.output, output)?;
        self.ask(session, &review, output)?;
        let report = Report {
            title: format!("Applying to {}", session.place()),
            format: self.output,
            progress: self.progress,
            removes: false,
        };
        let outcome = report.execute(session, &review, &request.consents, output).await?;
        warn_of_history(&outcome, output);
        if self.output == TextOrJson::Text
            && let Some(text) = afterwards::words(session.target(), &review.planned, prepared).await
        {
            output.print(&text);
        }
        plan::conflicts(outcome.summary.conflict)
    }

    /// Shows what would happen and what would stop it.
    async fn dry_run<T: Target>(
        &self,
        session: &Session<T>,
        review: &Review,
        request: &ApplyRequest<'_>,
        asked: DryRun,
        output: &Output,
    ) -> Result<(), Failure> {
        let shown = plan::show(&review.planned.plan, self.output, output);
        consents::confirmed(review, &request.consents)?;
        let passed = preflight::report(review, TextOrJson::Text, output);
        if asked == DryRun::Server {
            let refused = install::dry_run::refused(session, review).await?;
            for one in &refused {
                output
                    .message(&format!("refused {} ({}): {}", one.object, one.component, one.cause));
            }
            if !refused.is_empty() {
                return Err(Failure::Refused(refused.len()));
            }
        }
        passed.and(shown)
    }

    /// Asks where something would change on a cluster.
    fn ask<T: Target>(
        &self,
        session: &Session<T>,
        review: &Review,
        output: &Output,
    ) -> Result<(), Failure> {
        let installer = review.replaced_installer();
        let changes = review.planned.plan.has_writes() || installer.is_some();
        if !session.is_on_cluster() || !changes || self.yes {
            return Ok(());
        }
        output.message(&plan::summary(&review.planned.plan, output));
        if let Some(id) = installer {
            let takes = "ksi takes its place; its account and role stay";
            output.message(&format!("- delete {id}: {takes}"));
        }
        confirm(&format!("Apply this to {}?", session.place()), false, output)
    }
}

fn warn_of_history(outcome: &Outcome, output: &Output) {
    if let Some(error) = &outcome.history_error {
        output.message(&format!("ksi: the history was not written: {error}\nhelp: {}", error.help));
    }
}
