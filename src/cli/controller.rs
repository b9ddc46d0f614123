//! `ksi controller`: follow the ClusterConfiguration in the cluster.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use clap::Args;
use tokio::sync::watch;

use super::args::connection::{ConnectionArgs, lock_holder};
use super::args::duration::timeout;
use super::args::listen::ListenArgs;
use super::exit::Failure;
use super::shared::execution::beside_clock;
use super::shared::interrupt;
use crate::controller::{self, Published, Settings};
use crate::serve::{Addresses, Servers};
use crate::telemetry::{Observer, Readiness, Telemetry};
use crate::ui::{ControllerLog, LogFormat, Output};

/// The version in the metrics.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Follow the ClusterConfiguration in the cluster and keep the installation as it says
///
/// Applies ClusterConfiguration ks-installer of namespace kubesphere-system when it starts and on each edit, repairs
/// what others change, renews certificates, and writes the status and Events of the ClusterConfiguration.
/// Annotations on it set the mode, approve a plan or request a run. Usually this runs in the cluster; outside of it,
/// it uses the kubeconfig.
///
/// While it runs, the API server refuses a ClusterConfiguration with a mistake: it serves the admission webhook, and
/// probes and metrics.
///
/// With --once it applies the ClusterConfiguration once, waits until everything is healthy, and exits: this is the
/// Job. It serves nothing then.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi controller
  ksi controller --once --timeout 30m
  ksi controller --log-format json")]
pub(super) struct ControllerArgs {
    /// Apply the ClusterConfiguration once, wait until everything is healthy, and exit
    #[arg(long)]
    once: bool,
    /// Wait in each run until everything is ready
    #[arg(
        long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    wait: bool,
    /// Timeout of one run, for example 90s, 15m or 1h
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = timeout, env = "KSI_TIMEOUT")]
    timeout: Duration,
    /// How often everything is looked at again, give or take a tenth
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = timeout)]
    resync: Duration,
    /// Format of the log on standard output
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    log_format: LogFormat,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &ControllerArgs, output: &Output) -> Result<(), Failure> {
    let ControllerArgs { once, wait, timeout, resync, log_format, listen, connection } = args;
    let stop = interrupt::listen();
    super::block_on(async {
        let (telemetry, readiness) = (Telemetry::new(VERSION), Readiness::default());
        let observer = RefCell::new(Observer::new(telemetry.clone(), readiness.clone()));
        let addresses = if *once { Addresses::default() } else { listen.addresses() };
        let servers = Servers::bind(addresses, telemetry, readiness).await?;
        let cluster = connection.reach(Duration::from_secs(60)).await?;
        let settings = Settings {
            holder: lock_holder(),
            timeout: *timeout,
            wait: *wait,
            resync: *resync,
            once: *once,
        };
        let published = watch::Sender::new(Published::default());
        let log = RefCell::new(ControllerLog::new(output, *log_format, Instant::now()));
        let mut notify = |notice| {
            observer.borrow_mut().notice(&notice, Instant::now());
            log.borrow_mut().record(&notice, Instant::now());
        };
        let followed =
            Box::pin(controller::run(&cluster, &settings, &stop, &published, &mut notify));
        let note = |note| log.borrow_mut().server(&note, Instant::now());
        let mut changes = published.subscribe();
        let observing = async {
            while changes.changed().await.is_ok() {
                observer.borrow().published(&changes.borrow_and_update());
            }
        };
        // The servers end with the controller.
        let followed = async {
            tokio::select! {
                answer = followed => answer,
                _ = futures_util::future::join(servers.run(&cluster, &note, &stop), observing) => Ok(()),
            }
        };
        let tick = || log.borrow_mut().tick(Instant::now());
        Ok(beside_clock(followed, Duration::from_secs(1), tick).await?)
    })?
}
