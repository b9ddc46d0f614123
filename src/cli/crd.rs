//! `ksi crd`: the `CustomResourceDefinition`.

use clap::Args;

use super::exit::Failure;
use super::format::YamlOrJson;
use crate::ui::Output;
use crate::{config, yaml};

/// Print the CRD of `ClusterConfiguration`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi crd
  ksi crd -o json")]
pub(super) struct CrdArgs {
    /// How to write it
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
