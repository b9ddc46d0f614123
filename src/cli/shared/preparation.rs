//! From the flags of a verb to a checked configuration; prints its warnings.

use std::time::Duration;

use super::outage::told;
use crate::cli::args::connection::ConnectionArgs;
use crate::cli::args::input::InputArgs;
use crate::cli::exit::Failure;
use crate::engine::Stop;
use crate::install::{Prepared, Session};
use crate::target::{ClusterTarget, Target};
use crate::ui::Output;

/// Checks a configuration without a cluster.
///
/// # Errors
/// The configuration is invalid.
pub(in crate::cli) fn offline(input: &InputArgs, output: &Output) -> Result<Prepared, Failure> {
    let prepared = input.source().load().check()?;
    warn(&prepared, output);
    Ok(prepared)
}

/// Checks a configuration for a target that is no cluster.
///
/// # Errors
/// The configuration is invalid, or the target cannot be read.
pub(in crate::cli) async fn for_target<T: Target>(
    input: &InputArgs,
    target: &T,
    output: &Output,
) -> Result<Prepared, Failure> {
    let prepared = input.source().load().check_for(target).await?;
    warn(&prepared, output);
    Ok(prepared)
}

/// Opens a session on a cluster and checks a configuration with its facts. If it is invalid on any cluster, no
/// request is sent.
///
/// # Errors
/// The configuration is invalid, the cluster cannot be reached, or a Secret that the configuration names
/// is missing.
pub(in crate::cli) async fn on_cluster(
    input: &InputArgs,
    connection: &ConnectionArgs,
    timeout: Duration,
    stop: &Stop,
    output: &Output,
) -> Result<(Session<ClusterTarget>, Prepared), Failure> {
    let draft = input.source().load();
    draft.precheck()?;
    let session = connection.session(timeout, stop).await?;
    let checked = draft.check_on(session.cluster());
    let mut prepared = told(session.target(), output, checked).await?;
    complete(&mut prepared, &session, output).await?;
    Ok((session, prepared))
}

/// Reads the Secret that a configuration names, and prints the warnings of both.
///
/// # Errors
/// The Secret is missing, or the cluster cannot be read.
pub(in crate::cli) async fn complete(
    prepared: &mut Prepared,
    session: &Session<ClusterTarget>,
    output: &Output,
) -> Result<(), Failure> {
    let read = prepared.read_secret(session.cluster()).await;
    warn(prepared, output);
    Ok(read?)
}

fn warn(prepared: &Prepared, output: &Output) {
    output.diagnostics(&prepared.warnings, &prepared.loaded.sources);
}
