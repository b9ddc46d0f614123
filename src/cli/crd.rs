//! `ksi crd`: print the CRD.

use clap::Args;

use super::args::format::YamlOrJson;
use super::exit::Failure;
use crate::ui::Output;
use crate::{config, yaml};

/// Print the CRD of ClusterConfiguration
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi crd
  ksi crd -o json")]
pub(super) struct CrdArgs {
    /// Output format
    #[arg(short, long, value_enum, default_value_t)]
    output: YamlOrJson,
}

pub(super) fn run(args: &CrdArgs, output: &Output) -> Result<(), Failure> {
    let CrdArgs { output: format } = args;
    let crd = config::crd();
    let text = match format {
        YamlOrJson::Yaml => yaml::emit(&crd),
        YamlOrJson::Json => format!("{crd:#}\n"),
    };
    Ok(output.data(&text)?)
}
