//! From the flags of a verb to a checked configuration; warnings are printed on the way.

use std::time::Duration;

use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::input::InputArgs;
use crate::engine::Stop;
use crate::install::{Prepared, Session};
use crate::target::ClusterTarget;
use crate::ui::Output;

/// Checks a configuration without a cluster.
///
/// # Errors
/// The configuration is invalid.
pub(super) fn offline(input: &InputArgs, output: &Output) -> Result<Prepared, Failure> {
    let prepared = input.source().load().check()?;
    warn(&prepared, output);
    Ok(prepared)
}

/// Opens a session on a cluster and checks a configuration with its facts. A configuration that is invalid
/// anyway is refused before any request.
///
/// # Errors
/// The configuration is invalid, the cluster cannot be reached, or a Secret that the configuration names
/// is missing.
pub(super) async fn on_cluster(
    input: &InputArgs,
    connection: &ConnectionArgs,
    timeout: Duration,
    stop: &Stop,
    output: &Output,
) -> Result<(Session<ClusterTarget>, Prepared), Failure> {
    let draft = input.source().load();
    draft.precheck()?;
    let session = connection.session(timeout, stop).await?;
    let prepared = draft.check_on(session.cluster()).await?;
    warn(&prepared, output);
    Ok((session, prepared))
}

/// Prints the warnings of a configuration.
pub(super) fn warn(prepared: &Prepared, output: &Output) {
    output.diagnostics(&prepared.warnings, &prepared.loaded.sources);
}
