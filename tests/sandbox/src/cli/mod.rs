//! The command line.

mod status;

use std::io::{self, Write as _};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use sandbox::builds::Release;
use sandbox::cluster::{Cluster, Wish};
use sandbox::interrupt::{self, Outcome};
use sandbox::network::{self, Network};
use sandbox::places::Places;
use sandbox::{clean, requirements, up};

/// Real Kubernetes clusters on one Linux machine, from package registries alone
#[derive(Parser)]
#[command(name = "sandbox")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Start clusters, and wait until they are ready
    Up(Up),
    /// Show running clusters and their images
    Status,
    /// Stop clusters and remove everything that they created
    Down {
        /// Names of the clusters to remove, separated by commas; all by default
        #[arg(long, value_delimiter = ',')]
        clusters: Vec<String>,
    },
    /// Build everything that clusters need, without starting one
    Build {
        /// Kubernetes versions, separated by commas
        #[arg(long, value_delimiter = ',', default_values = ["1.34", "1.36"])]
        releases: Vec<Release>,
    },
    /// Block connections from other clusters to this one
    Isolate { cluster: String },
    /// Undo `isolate`
    Connect { cluster: String },
    /// Drop this percentage of the packets to a cluster; 0 turns it off
    Loss { cluster: String, percent: u8 },
    /// Delay each packet from a cluster by this many milliseconds; 0 turns it off
    Delay { cluster: String, milliseconds: u32 },
    /// Run kubectl as cluster administrator
    Kubectl {
        cluster: String,
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Change a cluster as other controllers and people do between two runs of ksi
    ForeignWriters {
        cluster: String,
        /// Names of the changes, all by default; `--list` shows them
        #[arg(allow_hyphen_values = true)]
        rows: Vec<String>,
    },
}

#[derive(Args)]
struct Up {
    /// Names of the clusters, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "host")]
    clusters: Vec<String>,
    /// Kubernetes version: 1.34, or 1.36 with kwok nodes only
    #[arg(long, default_value = "1.34")]
    release: Release,
    /// Nodes of each cluster, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "real")]
    nodes: Vec<NodeKind>,
    /// Clusters that do not accept connections from others
    #[arg(long, value_delimiter = ',')]
    isolate: Vec<String>,
    /// Do not assign addresses to Services of type LoadBalancer
    #[arg(long)]
    no_addresses: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NodeKind {
    /// A kubelet that runs pods
    Real,
    /// kwok, which only reports pods as running
    Kwok,
}

impl Up {
    fn wishes(&self) -> Result<Vec<Wish>> {
        if let Some(name) = self.isolate.iter().find(|name| !self.clusters.contains(name)) {
            bail!("--isolate {name}: not a cluster of --clusters");
        }
        let usable = |name: &String| {
            let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            (1..=40).contains(&name.len())
                && name.chars().all(known)
                && !name.starts_with('-')
                && !name.ends_with('-')
        };
        if let Some(name) = self.clusters.iter().find(|name| !usable(name)) {
            bail!(
                "invalid cluster name `{name}`: use at most 40 lower case letters, digits and dashes"
            );
        }
        let wish = |name: &String| Wish {
            name: name.clone(),
            release: self.release.to_string(),
            real: self.nodes.contains(&NodeKind::Real),
            kwok: self.nodes.contains(&NodeKind::Kwok),
            isolated: self.isolate.contains(name),
            addresses: !self.no_addresses,
        };
        Ok(self.clusters.iter().map(wish).collect())
    }
}

impl Cli {
    /// Does what was asked.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let places = Places::from_env()?;
        let network = Network::from_env()?;
        let open = |name: &str| Cluster::open(&places, network, name);
        match self.command {
            Verb::Up(options) => return start(&places, network, &options),
            Verb::Status => status::show(&places, network)?,
            Verb::Down { clusters } => {
                if !requirements::is_root() {
                    bail!("removing clusters needs root");
                }
                for name in &clusters {
                    open(name)?;
                }
                let _lock = up::lock(&places, network)?;
                clean::down(&places, network, &clusters, say)?;
                report_leftovers(&places, network, &clusters)?;
            }
            Verb::Build { releases } => {
                up::build(&places, &releases, up::Nodes { real: true, kwok: true }, &say)?;
                say(&format!("everything is built; see {}", places.cache.display()));
            }
            Verb::Isolate { cluster } => network::isolate(&open(&cluster)?.machine()?, network)?,
            Verb::Connect { cluster } => network::connect(&open(&cluster)?.machine()?)?,
            Verb::Loss { cluster, percent } => network::lose(&open(&cluster)?.machine()?, percent)?,
            Verb::Delay { cluster, milliseconds } => {
                network::delay(&open(&cluster)?.machine()?, milliseconds)?;
            }
            Verb::Kubectl { cluster, args } => {
                let mut command = open(&cluster)?.control_plane()?.kubectl_command();
                return exit_code(command.args(args));
            }
            Verb::ForeignWriters { cluster, rows } => {
                let plane = open(&cluster)?.control_plane()?;
                let mut command = Command::new("bash");
                command.arg(Places::sources().join("foreign-writers.sh")).args(rows);
                command.env("KUBECONFIG", plane.kubeconfig());
                command.env("KUBECTL", format!("{} kubectl", plane.binary().display()));
                return exit_code(&mut command);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn start(places: &Places, network: Network, options: &Up) -> Result<ExitCode> {
    let wishes = options.wishes()?;
    match interrupt::guard()? {
        Outcome::Work => {
            up::up(places, network, wishes, &say)?;
            status::show(places, network)?;
            Ok(ExitCode::SUCCESS)
        }
        Outcome::Done(code) => Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)),
        Outcome::Interrupted(signal) => {
            say(&format!("{signal}: removing what was started"));
            let _lock = up::lock(places, network)?;
            let begun = Cluster::all(places, network);
            let names: Vec<_> = begun
                .iter()
                .filter(|cluster| !cluster.is_up())
                .map(|cluster| cluster.name().to_owned())
                .collect();
            if !names.is_empty() || begun.is_empty() {
                clean::down(places, network, &names, say)?;
            }
            Ok(ExitCode::from(130))
        }
    }
}

fn report_leftovers(places: &Places, network: Network, clusters: &[String]) -> Result<()> {
    let left = clean::leftovers(places, network)?;
    if clusters.is_empty() && !left.is_empty() {
        bail!("could not be removed:\n  {}", left.join("\n  "));
    }
    Ok(())
}

fn exit_code(command: &mut Command) -> Result<ExitCode> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot run {program}"))?;
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

fn say(line: &str) {
    // Nobody reads any more, as in `sandbox status | head`: no reason to fail.
    let _ = writeln!(io::stdout(), "{line}");
}
