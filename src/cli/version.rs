//! `ksi version`: print versions.

use clap::Args;
use serde_json::json;

use super::args::format::TextOrJson;
use super::exit::Failure;
use crate::config::KUBESPHERE_VERSION;
use crate::facts::KubernetesVersion;
use crate::ui::Output;

/// Print the versions of ksi, of KubeSphere, and of supported Kubernetes releases
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi version
  ksi version -o json")]
pub(super) struct VersionArgs {
    /// Output format
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
}

pub(super) fn run(args: &VersionArgs, output: &Output) -> Result<(), Failure> {
    let VersionArgs { output: format } = args;
    let version = env!("CARGO_PKG_VERSION");
    let (oldest, newest) = (KubernetesVersion::OLDEST, KubernetesVersion::NEWEST);
    let text = match format {
        TextOrJson::Text => {
            format!(
                "ksi {version}\nKubeSphere {KUBESPHERE_VERSION}\nKubernetes {oldest} to {newest}\n"
            )
        }
        TextOrJson::Json => {
            let json = json!({
                "ksi": version,
                "kubesphere": KUBESPHERE_VERSION,
                "kubernetes": {"oldest": oldest.to_string(), "newest": newest.to_string()},
            });
            format!("{json:#}\n")
        }
    };
    Ok(output.data(&text)?)
}
