//! `ksi manifests`: print what runs ksi in a cluster.

use clap::{Args, Subcommand};

use super::exit::Failure;
use crate::config::form;
use crate::deploy::{self, Amounts, Image, Options, Resources, Toleration};
use crate::ui::Output;

/// Print the manifests that run ksi in the cluster, as a controller or as a Job
///
/// They contain the CRD, namespace kubesphere-system, ServiceAccount ks-installer and its rights. The
/// configuration is not in them: apply a ClusterConfiguration as well.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi manifests controller > ksi.yaml
  ksi manifests job --registry registry.local:5000/mirror > ksi.yaml")]
pub(super) struct ManifestsArgs {
    #[command(subcommand)]
    verb: ManifestsVerb,
}

#[derive(Debug, Subcommand)]
enum ManifestsVerb {
    /// Print the controller, which applies each change of the ClusterConfiguration
    #[command(after_help = "Examples:
  ksi manifests controller > ksi.yaml
  ksi manifests controller --toleration node-role.kubernetes.io/control-plane --limits memory=512Mi > ksi.yaml")]
    Controller(PodArgs),
    /// Print the Job, which applies the ClusterConfiguration once and ends
    #[command(after_help = "Examples:
  ksi manifests job --image registry.local:5000/tools/ksi:v1 --pull-secret registry > ksi.yaml")]
    Job(PodArgs),
}

#[derive(Debug, Args)]
struct PodArgs {
    /// Pull the image of this version from this registry, with an optional path
    #[arg(long, value_name = "REGISTRY", conflicts_with = "image")]
    registry: Option<String>,
    /// Run this image
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
    /// Pin the image to this digest
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    /// Secret in kubesphere-system with the credentials of the registry; can be repeated
    #[arg(long, value_name = "NAME")]
    pull_secret: Vec<String>,
    /// What the pod requests, for example cpu=20m,memory=64Mi
    #[arg(long, value_name = "RESOURCES")]
    requests: Option<Amounts>,
    /// The limits of the pod, for example memory=512Mi
    #[arg(long, value_name = "RESOURCES")]
    limits: Option<Amounts>,
    /// Tolerate a taint: KEY[=VALUE][:EFFECT]; can be repeated
    #[arg(long, value_name = "TAINT")]
    toleration: Vec<Toleration>,
    /// Run only on nodes with this label: KEY=VALUE; can be repeated
    #[arg(long, value_name = "LABEL", value_parser = label)]
    node_selector: Vec<(String, String)>,
}

pub(super) fn run(args: &ManifestsArgs, output: &Output) -> Result<(), Failure> {
    let ManifestsArgs { verb } = args;
    let text = match verb {
        ManifestsVerb::Controller(pod) => deploy::controller(&pod.options()?),
        ManifestsVerb::Job(pod) => deploy::job(&pod.options()?),
    };
    Ok(output.data(&format!("{}---\n{text}", deploy::base()))?)
}

impl PodArgs {
    fn options(&self) -> Result<Options, Failure> {
        let Self { pull_secret, requests, limits, toleration, node_selector, .. } = self;
        if let Some(wrong) = pull_secret.iter().find(|name| !form::is_subdomain(name)) {
            return Err(Failure::Usage(format!("`{wrong}` is not the name of a Secret")));
        }
        Ok(Options {
            image: self.image().map_err(Failure::Usage)?,
            pull_secrets: pull_secret.clone(),
            resources: Resources::default().with(requests.clone(), limits.clone()),
            tolerations: toleration.clone(),
            node_selector: node_selector.iter().cloned().collect(),
        })
    }

    fn image(&self) -> Result<Image, String> {
        let Self { registry, image, digest, .. } = self;
        let image = match (registry, image) {
            (Some(registry), _) => Image::in_registry(registry)?,
            (None, Some(image)) => Image::named(image)?,
            (None, None) => Image::default(),
        };
        digest.iter().try_fold(image, |image, digest| image.at(digest))
    }
}

/// A label of a node.
fn label(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=');
    let fits =
        pair.filter(|(key, value)| form::is_qualified_name(key) && form::is_label_value(value));
    let (key, value) = fits.ok_or_else(|| format!("`{text}` is not KEY=VALUE of a label"))?;
    Ok((key.to_owned(), value.to_owned()))
}
