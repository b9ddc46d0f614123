//! `ksi images check`: where the images can be had.

use clap::Args;

use crate::cli::args::connection::ConnectionArgs;
use crate::cli::args::facts::FactsArgs;
use crate::cli::args::format::TextOrJson;
use crate::cli::args::input::InputArgs;
use crate::cli::args::registry::RegistryArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::preparation;
use crate::cluster::{Cluster, ErrorKind};
use crate::config::form;
use crate::install::images::{self, Availability, AvailabilityRequest};
use crate::ui::Output;

/// Check where every image of a configuration can be had
///
/// Asks the registries for each image: is it there, with which digest, for which platforms. Includes the images
/// that KubeSphere starts later, for example of terminals. With a cluster, also shows which nodes hold an image,
/// and logs in with the pull secrets of the configuration. Mirrors in the configuration of a node's containerd
/// cannot be seen from outside.
///
/// Exit codes: 0 all images can be had, 4 some cannot, 7 the cluster cannot be reached.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi images check
  ksi images check -f samples/host.yaml --offline
  ksi images check -f samples/host.yaml --registry registry.local:5000 -o json")]
pub(super) struct CheckArgs {
    /// File with a ClusterConfiguration, or `-` for standard input; can be repeated [default: the configuration in
    /// the cluster]
    #[arg(short, long, value_name = "FILE", env = "KSI_FILENAME")]
    filename: Vec<String>,
    /// Set a key below `spec`, for example multicluster.clusterRole=host; can be repeated
    #[arg(long, value_name = "PATH=VALUE", requires = "filename")]
    set: Vec<String>,
    /// Ask only registries and no cluster
    #[arg(long, requires = "filename")]
    offline: bool,
    /// Look for the images in this registry, as with `local_registry`
    #[arg(long, value_name = "REGISTRY")]
    registry: Option<String>,
    /// Include the images of disabled components
    #[arg(long)]
    all: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    facts: FactsArgs,
    #[command(flatten)]
    access: RegistryArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &CheckArgs, output: &Output) -> Result<(), Failure> {
    if let Some(registry) = args.registry.as_ref().filter(|name| !form::is_registry(name)) {
        return Err(super::list::not_a_registry(registry));
    }
    let found = crate::cli::block_on(find(args, output))??;
    let text = match args.output {
        TextOrJson::Text => images::table(&found),
        TextOrJson::Json => format!("{:#}\n", images::json(&found)),
    };
    output.data(&text)?;
    if found.success() { Ok(()) } else { Err(Failure::Checks) }
}

async fn find(args: &CheckArgs, output: &Output) -> Result<Availability, Failure> {
    let input = InputArgs::with_facts(&args.filename, &args.set, args.facts.clone());
    let request = AvailabilityRequest { registry: args.registry.clone(), all: args.all };
    let Some(cluster) = cluster(args, output).await? else {
        let prepared = preparation::offline(&input, output)?;
        let client = args.access.client()?;
        return Ok(images::availability(&prepared, &request, &client, None).await?);
    };
    let source = (!args.filename.is_empty()).then(|| input.source());
    let Some(prepared) = images::prepare_on(&cluster, source).await? else {
        return Err(Failure::NotInstalled(
            "the cluster has no configuration\nhelp: pass one with -f".to_owned(),
        ));
    };
    let nodes = images::nodes(&cluster).await?;
    let own = images::pull_credentials(&cluster, &prepared.configuration).await?;
    let client = args.access.client_after(own)?;
    Ok(images::availability(&prepared, &request, &client, Some(&nodes)).await?)
}

/// The cluster; none where none is wanted or configured.
async fn cluster(args: &CheckArgs, output: &Output) -> Result<Option<Cluster>, Failure> {
    if args.offline {
        return Ok(None);
    }
    match args.connection.reach(super::PATIENCE).await {
        Ok(cluster) => Ok(Some(cluster)),
        Err(error) if error.kind == ErrorKind::NoCluster && !args.filename.is_empty() => {
            output.print("ksi: no kubeconfig, so only registries are asked");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
