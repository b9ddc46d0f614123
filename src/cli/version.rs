//! `ksi version`: what this binary is and what it installs.

use clap::Args;
use serde_json::json;

use super::exit::Failure;
use super::format::TextOrJson;
use crate::config::KUBESPHERE_VERSION;
use crate::facts::KubernetesVersion;
use crate::ui::Output;

/// Print the version of ksi and of what it installs
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi version
  ksi version -o json")]
pub(super) struct VersionArgs {
    /// How to show it
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
