//! Everything before the first write to the member.

use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;

use super::JoinArgs;
use crate::check::{self, TableStyle};
use crate::cli::args::input::{InputArgs, bytes};
use crate::cli::exit::Failure;
use crate::cli::member::{self, guarded, mend_webhook, observer};
use crate::cli::shared::confirm::confirm;
use crate::cli::shared::interrupt;
use crate::engine::Stop;
use crate::fleet::{self, Added, Error, Host};
use crate::install::{Prepared, Session};
use crate::member::{Bundle, Mode, open, valid_name};
use crate::target::ClusterTarget;
use crate::ui::Output;

/// How long a bundle that never leaves this process lives.
const AT_ONCE: Duration = Duration::from_secs(60 * 60);

/// A join that may begin.
pub(super) struct Joining {
    /// The member.
    pub(super) session: Session<ClusterTarget>,
    /// Its configuration.
    pub(super) prepared: Prepared,
    /// What its host said.
    pub(super) bundle: Bundle,
    /// The host, where this machine reaches it.
    pub(super) host: Option<Host>,
    /// What the host gets before the member has answered.
    pub(super) on_host: Vec<Value>,
}

/// Checks everything, and then registers the member on a host that this machine reaches.
pub(super) async fn start(
    args: &JoinArgs,
    stop: &Stop,
    output: &Output,
) -> Result<Joining, Failure> {
    let mut joining =
        interrupt::unless_stopped(stop, Box::pin(checked(args, stop, output))).await??;
    if let (Some(name), Some(host), false) = (&args.name, &joining.host, args.is_dry_run()) {
        let question = format!("Register member {name} on {}?", host.cluster.place());
        confirm(&question, args.applying.yes, output)?;
        joining.bundle = register(args, name, host, (stop, output)).await?;
    }
    Ok(joining)
}

async fn checked(args: &JoinArgs, stop: &Stop, output: &Output) -> Result<Joining, Failure> {
    // A mistake in the arguments is told before a cluster is asked.
    let given = args.bundle.as_deref().map(read).transpose()?;
    if let Some(name) = &args.name {
        valid_name(name).map_err(Error::Name)?;
    }
    let connection = match &args.member {
        Some(context) => args.applying.connection.with_context(context),
        None => args.applying.connection.clone(),
    };
    let host = match &args.host {
        Some(context) => Some(member::host(&connection.with_context(context)).await?),
        None => None,
    };
    let session = connection.session(args.timeout(), stop).await?;
    let (bundle, on_host) = match (&args.name, &host) {
        (Some(name), Some(host)) => reserved(args, name, host).await?,
        _ => (given.ok_or_else(no_bundle)?, Vec::new()),
    };
    let skip = &args.applying.skip_checks;
    let report = fleet::precheck(session.cluster(), &bundle, host.as_ref(), skip).await?;
    let style = TableStyle {
        colour: output.colour_messages,
        symbols: output.symbols,
        short: report.success(),
    };
    let table = check::table(&report, style);
    if !table.is_empty() {
        output.message(table.trim_end());
    }
    if !report.success() {
        return Err(Failure::Checks);
    }
    let source = InputArgs::of(&args.config, &[], false).source();
    let prepared = fleet::prepare(&session, source, &bundle).await?;
    output.diagnostics(&prepared.warnings, &prepared.loaded.sources);
    Ok(Joining { session, prepared, bundle, host, on_host })
}

fn no_bundle() -> Failure {
    Failure::Usage(
        "pass the bundle of the host with -f, or the name of the member and --host".into(),
    )
}

/// What bundle and objects will be, before anything is written to the host.
async fn reserved(
    args: &JoinArgs,
    name: &str,
    host: &Host,
) -> Result<(Bundle, Vec<Value>), Failure> {
    let what = (args.mode.into(), args.tower_address.clone());
    let mut silent = |_| {};
    let Added { bundle, objects } =
        fleet::add(host, name, what, AT_ONCE, (true, &mut silent)).await?;
    Ok((bundle, objects))
}

/// Registers the member on its host. One that is reached directly is registered when it has made the account of the host.
async fn register(
    args: &JoinArgs,
    name: &str,
    host: &Host,
    (stop, output): (&Stop, &Output),
) -> Result<Bundle, Failure> {
    mend_webhook(host).await?;
    let mode: Mode = args.mode.into();
    if mode == Mode::Direct {
        return Ok(reserved(args, name, host).await?.0);
    }
    let what = (mode, args.tower_address.clone());
    let mut observer = observer(output);
    let how = (false, &mut observer as fleet::Observer<'_>);
    Ok(guarded(host, stop, fleet::add(host, name, what, AT_ONCE, how)).await?.bundle)
}

/// Reads a bundle from a file, or from standard input for `-`.
pub(in crate::cli::member) fn read(file: &str) -> Result<Bundle, Failure> {
    let shown = if file == "-" { "standard input" } else { file };
    let bytes =
        bytes(file).map_err(|error| Failure::Io(format!("cannot read {shown}: {error}")))?;
    let text = String::from_utf8_lossy(&bytes);
    let opened = open(&text, OffsetDateTime::now_utc());
    Ok(opened.map_err(|cause| Error::Bundle { file: shown.to_owned(), cause })?)
}
