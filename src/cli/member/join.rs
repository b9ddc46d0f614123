//! `ksi member join`: make a cluster a member.

mod finish;
mod start;

use std::time::Duration;

use clap::{ArgGroup, Args};

use self::start::Joining;
pub(super) use self::start::read;
use super::add::ModeArg;
use super::check::known;
use crate::cli::args::applying::ApplyingArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::apply::apply;
use crate::cli::shared::confirm::confirm;
use crate::cli::shared::interrupt;
use crate::fleet;
use crate::ui::Output;

/// Make a cluster a member of a host
///
/// On the member, with the bundle of `ksi member add`; or with --host and --member on a machine that reaches
/// both. Checks the cluster, gives it the role member and the jwtSecret of the host, applies that as `ksi
/// apply` does, and installs the agent, or makes an account for the host. Running it again changes nothing,
/// and continues after an interruption.
///
/// The configuration is the one given with --config, else the ClusterConfiguration of the cluster, else the
/// one that ksi applied last, else the defaults.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true), after_help = "Examples:
  ksi member join -f member1.bundle
  ksi member join -f member1.bundle --config cluster.yaml --dry-run
  ksi member join member1 --host ctx-host --member ctx-1
  ksi member join member2 --host ctx-host --member ctx-2 --mode direct --member-server https://10.0.0.7:6443")]
pub(super) struct JoinArgs {
    /// Name of the member; with --host
    #[arg(group = "which", requires = "host")]
    name: Option<String>,
    /// Bundle that `ksi member add` wrote, or `-` for standard input
    #[arg(short = 'f', long = "filename", value_name = "BUNDLE", group = "which")]
    bundle: Option<String>,
    /// Context of the host, where this machine reaches it
    #[arg(long, value_name = "CONTEXT")]
    host: Option<String>,
    /// Context of the member [default: --context]
    #[arg(long, value_name = "CONTEXT")]
    member: Option<String>,
    /// How the host reaches the member; with --host
    #[arg(long, value_enum, default_value_t, requires = "name")]
    mode: ModeArg,
    /// Address of Tower for this member; with --host [default: multicluster.proxyPublishAddress, or its load balancer]
    #[arg(long, value_name = "URL", requires = "name")]
    tower_address: Option<String>,
    /// Configuration of the member; can be repeated
    #[arg(long, value_name = "FILE")]
    config: Vec<String>,
    /// Address of the member's API server for the host, in mode direct [default: that of the kubeconfig]
    #[arg(long, value_name = "URL")]
    member_server: Option<String>,
    /// Proxy through which the agent reaches Tower
    #[arg(long, value_name = "URL")]
    agent_proxy: Option<String>,
    /// Do not test whether a federated namespace and ConfigMap reach the member; with --host
    #[arg(long)]
    skip_probe: bool,
    #[command(flatten)]
    applying: ApplyingArgs,
}

impl JoinArgs {
    /// Whether it prints one JSON event per line.
    pub(super) fn prints_events(&self) -> bool {
        self.applying.prints_events()
    }

    fn is_dry_run(&self) -> bool {
        self.applying.is_dry_run()
    }

    fn timeout(&self) -> Duration {
        self.applying.timeout
    }
}

pub(super) fn run(args: &JoinArgs, output: &Output) -> Result<(), Failure> {
    known(&args.applying.skip_checks)?;
    let stop = interrupt::listen();
    crate::cli::block_on(async {
        let joining = Box::pin(start::start(args, &stop, output)).await?;
        let Joining { session, prepared, bundle, .. } = &joining;
        if !args.is_dry_run()
            && let Some(change) = fleet::pending(session.cluster(), bundle).await?
        {
            let question = format!(
                "Write the role member and the jwtSecret of the host into ClusterConfiguration ks-installer of {}?",
                session.place()
            );
            confirm(&question, args.applying.yes, output)?;
            fleet::record(session.cluster(), &change).await?;
        }
        // A configuration with conflicts is applied as far as it can be, and so is the join.
        let applied = Box::pin(apply(&args.applying, session, prepared, output)).await;
        if !matches!(applied, Ok(()) | Err(Failure::Conflicts { .. })) {
            return applied;
        }
        let finished = Box::pin(finish::finish(args, &joining, output));
        interrupt::unless_stopped(&stop, finished).await??;
        applied
    })?
}
