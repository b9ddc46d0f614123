//! Applies a configuration beside a live controller, which would undo a run of our own: the controller gets the
//! configuration, and its run is followed.

use super::execution::Execution;
use crate::cli::args::applying::ApplyingArgs;
use crate::cli::exit::Failure;
use crate::controller::Handover;
use crate::install::Review;
use crate::object::ObjectId;
use crate::target::Target;
use crate::ui::Output;

const PAUSE: &str = "`kubectl -n kubesphere-system annotate --overwrite cc ks-installer ksi.kubesphere.io/mode=paused`";

/// Refuses flags that a controller cannot obey.
///
/// # Errors
/// There are some.
pub(super) fn obeys(controller: &ObjectId, args: &ApplyingArgs) -> Result<(), Failure> {
    let flags = args.only_here();
    if flags.is_empty() {
        return Ok(());
    }
    let flags = flags.join(", ");
    Err(Failure::Usage(format!(
        "{controller} runs the controller of ksi, which cannot obey {flags}\n\
         help: leave {flags} out, and the controller applies the configuration; or pause the controller: {PAUSE}"
    )))
}

/// Gives the configuration to the controller, and follows its run to the end.
///
/// # Errors
/// The run failed, or standard output cannot be written.
pub(super) async fn run<T: Target>(
    handover: &Handover<'_, T>,
    controller: &ObjectId,
    review: &Review,
    args: &ApplyingArgs,
    output: &Output,
) -> Result<(), Failure> {
    output.print(&format!(
        "ksi: {controller} runs the controller of ksi: it gets the configuration in ClusterConfiguration \
         ks-installer, and its run is followed here"
    ));
    let execution = Execution {
        title: format!("Applying to {} through its controller", handover.session.place()),
        format: args.output,
        progress: args.progress,
        removes: false,
    };
    let session = handover.session;
    let run = async |on_event: &mut dyn FnMut(_)| handover.run(on_event).await;
    let answer = execution.show(session, review, output, run).await?;
    if session.stop().is_requested() {
        output.print("ksi: the controller goes on; `ksi status -w` shows how it is");
    }
    Ok(answer?)
}
