//! `ksi member add`: register a member on its host.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::digest;
use clap::{Args, ValueEnum};
use time::OffsetDateTime;

use super::{changing_host, guarded, host, observer, write_private};
use crate::cli::args::connection::ConnectionArgs;
use crate::cli::args::duration::timeout;
use crate::cli::exit::Failure;
use crate::cli::shared::confirm::confirm;
use crate::cli::shared::interrupt;
use crate::fleet::{self, Added, Error, Host};
use crate::member::{Connection, Mode, flatten, seal, valid_name};
use crate::ui::Output;
use crate::yaml;

/// Register a member on its host, and write the bundle for it
///
/// The bundle is a file with everything that the member needs: Tower's address, the token of its agent, and
/// the jwtSecret of the host. Only its owner can read it. It expires; running the command again makes
/// another one for the same member.
///
/// In mode direct nothing is written to the host yet: `ksi member join` on the member makes a kubeconfig for
/// the host, which is then registered with --member-kubeconfig.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi member add member1 -o member1.bundle
  ksi member add member1 --tower-address https://tower.example.com -o member1.bundle
  ksi member add member2 --mode direct -o member2.bundle
  ksi member add member2 --mode direct --member-kubeconfig member2.kubeconfig
  ksi member add member1 -o yaml > member1.yaml")]
pub(super) struct AddArgs {
    /// Name of the member on the host
    name: String,
    /// How the host reaches the member
    #[arg(long, value_enum, default_value_t)]
    mode: ModeArg,
    /// File for the bundle, `-` for standard output, or `yaml` to print the objects of the host, with the token,
    /// instead of applying them [default: NAME.bundle]
    #[arg(short, long, value_name = "FILE")]
    output: Option<String>,
    /// How long the bundle can be used
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = timeout)]
    expires_in: Duration,
    /// Address of Tower for this member [default: multicluster.proxyPublishAddress, or its load balancer]
    #[arg(long, value_name = "URL")]
    tower_address: Option<String>,
    /// Register a member in mode direct with this kubeconfig, which `ksi member join` wrote
    #[arg(long, value_name = "FILE")]
    member_kubeconfig: Option<PathBuf>,
    /// Only ask the API server whether it would accept the objects
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// How a host reaches a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum ModeArg {
    /// An agent in the member connects to Tower in the host.
    #[default]
    Agent,
    /// The host connects to the API server of the member.
    Direct,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Agent => Self::Agent,
            ModeArg::Direct => Self::Direct,
        }
    }
}

pub(super) fn run(args: &AddArgs, output: &Output) -> Result<(), Failure> {
    valid_name(&args.name).map_err(Error::Name)?;
    let prints_objects = args.output.as_deref() == Some("yaml");
    let dry_run = args.dry_run || prints_objects;
    let stop = interrupt::listen();
    crate::cli::block_on(async {
        let connection = &args.connection;
        let host =
            if dry_run { host(connection).await? } else { changing_host(connection).await? };
        if let Some(file) = &args.member_kubeconfig {
            return register(args, &host, file, output).await;
        }
        if !dry_run {
            let place = host.cluster.place();
            confirm(&format!("Register member {} on {place}?", args.name), args.yes, output)?;
        }
        let what = (args.mode.into(), args.tower_address.clone());
        let mut observer = observer(output);
        let how = (dry_run, &mut observer as fleet::Observer<'_>);
        let adding = fleet::add(&host, &args.name, what, args.expires_in, how);
        let added = guarded(&host, &stop, adding).await?;
        if prints_objects {
            return Ok(output.data(&yaml::emit_documents(&added.objects))?);
        }
        if args.dry_run {
            output.print("ksi: the host would accept it; nothing was changed");
            return Ok(());
        }
        write(args, &added, output)
    })?
}

/// Writes the bundle, and says what to do with it.
fn write(args: &AddArgs, added: &Added, output: &Output) -> Result<(), Failure> {
    let text = seal(&added.bundle);
    if args.output.as_deref() == Some("-") {
        return Ok(output.data(&text)?);
    }
    let file = args.output.clone().unwrap_or_else(|| format!("{}.bundle", args.name));
    write_private(Path::new(&file), &text)?;
    let sum = hex::encode(digest::digest(&digest::SHA256, text.as_bytes()));
    output.print(&format!("wrote {file} (sha256 {sum}, expires {})", added.bundle.expires));
    output.print(&format!(
        "\nIt contains secrets: only its owner can read it. On a machine that reaches the member, run:\n  \
         ksi member join -f {file}\nThen, on the host:\n  ksi member check {}",
        args.name
    ));
    Ok(())
}

/// Registers a member in mode direct with the kubeconfig that it made for its host.
async fn register(
    args: &AddArgs,
    host: &Host,
    file: &Path,
    output: &Output,
) -> Result<(), Failure> {
    let kubeconfig = std::fs::read_to_string(file)
        .map_err(|error| Failure::Io(format!("cannot read {}: {error}", file.display())))?;
    let shown = file.display().to_string();
    let kubeconfig = flatten(&kubeconfig, OffsetDateTime::now_utc())
        .map_err(|cause| Error::Kubeconfig { file: shown, cause })?;
    fleet::verify(host, &args.name, &kubeconfig, &[]).await?;
    if !args.dry_run {
        let place = host.cluster.place();
        confirm(&format!("Register member {} on {place}?", args.name), args.yes, output)?;
    }
    let connection = Connection::Direct { kubeconfig };
    fleet::register(host, &args.name, &connection, args.dry_run).await?;
    if args.dry_run {
        output.print("ksi: the host would accept it; nothing was changed");
        return Ok(());
    }
    output.print(&format!(
        "registered Cluster {} ({})\n\nksi member check {} shows whether it works",
        args.name,
        host.cluster.place(),
        args.name
    ));
    Ok(())
}
