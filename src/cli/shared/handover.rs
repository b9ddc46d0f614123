//! Applies a configuration beside a live controller, which would undo a run of our own: the controller gets the
//! configuration, and its run is followed.

use super::execution::Execution;
use crate::cli::args::applying::ApplyingArgs;
use crate::cli::exit::Failure;
use crate::cluster::Cluster;
use crate::controller::{self, Handover};
use crate::install::{Contrary, Prepared};
use crate::target::Target;
use crate::ui::Output;

const PAUSE: &str = "`kubectl -n kubesphere-system annotate --overwrite cc ks-installer ksi.kubesphere.io/mode=paused`";

/// Says that a controller gets the configuration, before the user is asked.
///
/// # Errors
/// It cannot obey some flags, or may not apply the configuration.
pub(super) async fn check(
    contrary: &Contrary,
    cluster: &Cluster,
    prepared: &Prepared,
    args: &ApplyingArgs,
    output: &Output,
) -> Result<(), Failure> {
    let controller = &contrary.controller;
    let flags = args.only_here().join(", ");
    if !flags.is_empty() {
        return Err(Failure::Usage(format!(
            "{controller} runs the controller of ksi, which cannot obey {flags}\n\
             help: leave {flags} out, and the controller applies the configuration; or pause the controller: {PAUSE}"
        )));
    }
    controller::check_restricted(cluster, prepared).await?;
    output.print(&format!(
        "ksi: {controller} runs the controller of ksi: it gets the configuration in ClusterConfiguration \
         ks-installer, and its run is followed here"
    ));
    let secrets = prepared.secret_keys();
    if !secrets.is_empty() {
        output.print(&format!(
            "warning: ClusterConfiguration ks-installer will hold secrets in clear text: {}\n\
             help: put the jwtSecret into a Secret and set `authentication.jwtSecretRef`; or pause the controller: {PAUSE}",
            secrets.join(", ")
        ));
    }
    Ok(())
}

/// Gives the configuration to the controller, and follows its run to the end.
///
/// # Errors
/// The run failed, or standard output cannot be written.
pub(super) async fn run<T: Target>(
    handover: &Handover<'_, T>,
    args: &ApplyingArgs,
    output: &Output,
) -> Result<(), Failure> {
    let session = handover.session;
    let execution = Execution {
        title: format!("Applying to {} through its controller", session.place()),
        format: args.output,
        progress: args.progress,
        removes: false,
    };
    let run = async |on_event: &mut dyn FnMut(_)| handover.run(on_event).await;
    let answer = execution.show(session, handover.shown, output, run).await?;
    if session.stop().is_requested() {
        output.print("ksi: the controller goes on; `ksi status -w` shows how it is");
    }
    Ok(answer?)
}
