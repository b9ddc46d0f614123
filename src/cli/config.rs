//! `ksi config`: write, view and migrate configurations.

mod init;
mod migrate;
mod view;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use self::init::InitRole;
use super::args::format::YamlOrJson;
use super::args::input::InputArgs;
use super::exit::Failure;
use crate::ui::Output;

/// Write, view and migrate configurations
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi config init --role host
  ksi config view -f samples/host.yaml --show-origin
  ksi config migrate --from samples/legacy/3.0.yaml")]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    verb: ConfigVerb,
}

#[derive(Debug, Subcommand)]
enum ConfigVerb {
    /// Print a sample configuration
    #[command(after_help = "Examples:
  ksi config init --role member")]
    Init {
        /// Role of the cluster
        #[arg(long, value_enum, default_value_t)]
        role: InitRole,
    },
    /// Print the effective configuration, with defaults and without secret values
    #[command(after_help = "Examples:
  ksi config view -f samples/config-sample.yaml
  ksi config view -f samples/host.yaml --show-origin")]
    View {
        #[command(flatten)]
        input: InputArgs,
        /// Show where each value comes from
        #[arg(long)]
        show_origin: bool,
        /// Output format
        #[arg(short, long, value_enum, default_value_t)]
        output: YamlOrJson,
    },
    /// Print a file in the current format; comments are kept
    #[command(after_help = "Examples:
  ksi config migrate --from samples/legacy/2.1-configmap.yaml")]
    Migrate {
        /// File in an old format
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// Change the file instead of printing it; the old one is saved as FILE.old
        #[arg(long)]
        write: bool,
    },
}

pub(super) fn run(args: &ConfigArgs, output: &Output) -> Result<(), Failure> {
    let ConfigArgs { verb } = args;
    match verb {
        ConfigVerb::Init { role } => Ok(output.data(&role.sample())?),
        ConfigVerb::View { input, show_origin, output: format } => {
            view::view(input, *show_origin, *format, output)
        }
        ConfigVerb::Migrate { from, write } => migrate::migrate(from, *write, output),
    }
}
