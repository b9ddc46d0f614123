//! `ksi images rescue`: save images that only nodes have.

mod found;

use std::time::Duration;

use clap::{ArgGroup, Args};
use serde_json::Value;

use self::found::Search;
use crate::cli::args::connection::ConnectionArgs;
use crate::cli::args::registry::RegistryArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::confirm::confirm;
use crate::cli::shared::interrupt;
use crate::cluster::Cluster;
use crate::deploy::Image;
use crate::engine::Stop;
use crate::images::Place;
use crate::images::rescue::{Error, Held, Rescue, Settings};
use crate::ui::Output;

/// How long the removal of a pod may take after Ctrl-C.
const REMOVAL: Duration = Duration::from_secs(8);

/// Copy images that only nodes still have to a registry
///
/// Runs a pod with the image of ksi on the node. It reads the content store of containerd, read-only, through a
/// volume of the node (hostPath), copies the image to the registry, and is removed afterwards. It does not touch
/// running containers. The image of ksi has to be on the node, or in a registry that the node can reach.
///
/// A node has an image only for its own platform, and not at all if containerd is set to discard unpacked layers.
/// For nodes without containerd, for images that were imported on the node, or with --print, this prints the
/// commands that export an image on the node itself.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true), after_help = "Examples:
  ksi images rescue kubesphere/ks-console:v3.4.1 --node node1 --to registry.example.com:5000
  ksi images rescue --missing -f config.yaml --to registry.example.com:5000 --yes
  ksi images rescue --missing -f config.yaml --to registry.example.com:5000 --print")]
pub(super) struct RescueArgs {
    /// Images to rescue, by the names under which they were published
    #[arg(value_name = "IMAGE", group = "which")]
    images: Vec<String>,
    /// Rescue the images of the configuration that neither --to has nor the registry that published them
    #[arg(long, group = "which", requires = "filename")]
    missing: bool,
    /// Configuration whose images are looked for; can be repeated
    #[arg(short, long, value_name = "FILE", requires = "missing")]
    filename: Vec<String>,
    /// Node that has the images [default: any that has them]
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    /// Registry that they are copied to, as the node reaches it
    #[arg(long, value_name = "REGISTRY")]
    to: Place,
    /// Run the pods without asking: they mount a directory of the node, read-only
    #[arg(short, long)]
    yes: bool,
    /// Only print the commands that export the images on the nodes themselves
    #[arg(long)]
    print: bool,
    /// Namespace of the pods, which has to allow hostPath volumes
    #[arg(short, long, value_name = "NAMESPACE", default_value = "kube-system")]
    namespace: String,
    /// Image of ksi [default: that of this version on Docker Hub]
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// Directory of containerd on the nodes
    #[arg(long, value_name = "DIR", default_value = "/var/lib/containerd")]
    containerd: String,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(args: &RescueArgs, output: &Output) -> Result<(), Failure> {
    let Place::Registry { .. } = &args.to else {
        return Err(Failure::Usage(format!(
            "--to {}: an image is rescued to a registry, for example registry.example.com:5000",
            args.to
        )));
    };
    let image = match &args.image {
        Some(name) => Image::named(name).map_err(Failure::Usage)?,
        None => Image::default(),
    };
    let settings = Settings {
        namespace: args.namespace.clone(),
        image: image.reference().to_owned(),
        containerd: args.containerd.clone(),
        to: args.to.to_string(),
        plain_http: args.registry.plain_http().to_vec(),
        credentials: None,
        authorities: args.registry.authorities()?,
    };
    let credentials = args.registry.credentials()?;
    let stop = interrupt::listen();
    crate::cli::block_on(async {
        let cluster = args.connection.connect().await?;
        let search = Search { args, cluster: &cluster, output };
        let found = interrupt::unless_stopped(&stop, Box::pin(search.run())).await??;
        for (image, why) in &found.lost {
            output.message(&format!("error: {image}: {why}"));
        }
        let mut failed = found.lost.len();
        let to = args.to.to_string();
        let readable = |held: &&Held| held.node.has_content_store() && !args.print;
        let (pods, by_hand): (Vec<_>, Vec<_>) = found.held.iter().partition(readable);
        for held in by_hand {
            output.data(&(held.commands(&to) + "\n"))?;
            failed += usize::from(!args.print);
        }
        for held in pods {
            let question = format!(
                "Run a pod on node {} in namespace {} that mounts {} of the node read-only, to copy {}?",
                held.node.name, args.namespace, args.containerd, held.image
            );
            confirm(&question, args.yes, output)?;
            let target = args.to.reference(&held.image).map_err(Failure::Usage)?;
            let own = target.and_then(|image| credentials.docker_config_for(image.repository()));
            let settings = Settings { credentials: own, ..settings.clone() };
            failed += usize::from(!one(&cluster, settings, held, &stop, output).await?);
        }
        if failed == 0 { Ok(()) } else { Err(Failure::NotCopied(failed)) }
    })?
}

/// Rescues one image; returns whether it is in the registry now. The pod goes whatever happens.
async fn one(
    cluster: &Cluster,
    settings: Settings,
    held: &Held,
    stop: &Stop,
    output: &Output,
) -> Result<bool, Failure> {
    let to = settings.to.clone();
    let rescue = Rescue::new(cluster, settings, held);
    interrupt::unless_stopped(stop, Box::pin(rescue.clear())).await?.map_err(failure)?;
    let ended = match rescue.start(held).await {
        Ok(()) => interrupt::unless_stopped(stop, Box::pin(rescue.wait())).await,
        Err(error) => Ok(Err(error)),
    };
    let removed = tokio::time::timeout(REMOVAL, rescue.remove()).await;
    if !matches!(removed, Ok(Ok(()))) {
        output.message(&format!(
            "warning: the pod or its Secret could not be removed; Kubernetes ends the pod after an hour\n  help: {}",
            rescue.removal()
        ));
    }
    match ended? {
        Ok(said) => {
            let copied: Value = serde_json::from_str(&said).unwrap_or_default();
            match copied[0]["target"].as_str() {
                Some(target) => output.data(&format!("{target}\n"))?,
                // The log is gone, or says something else; the pod succeeded.
                None => output.print(&format!("{} is in {}", held.image, to)),
            }
            Ok(true)
        }
        Err(error) => {
            let by_hand = held.commands(&to);
            output.message(&format!("error: {}: {error}\n  help: by hand, {by_hand}", held.image));
            Ok(false)
        }
    }
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Cluster(error) => error.into(),
        Error::Pod { .. } => Failure::Io(error.to_string()),
    }
}
