//! `ksi config`: write, view and migrate configurations.

mod init;
mod migrate;
mod view;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use self::init::InitRole;
use super::exit::Failure;
use super::format::YamlOrJson;
use super::input::InputArgs;
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
    /// Print a configuration to start from
    #[command(after_help = "Examples:
  ksi config init --role member")]
    Init {
        /// The cluster's role
        #[arg(long, value_enum, default_value_t)]
        role: InitRole,
    },
    /// Print the effective configuration, defaults filled in and secrets hidden
    #[command(after_help = "Examples:
  ksi config view -f samples/config-sample.yaml
  ksi config view -f samples/host.yaml --show-origin")]
    View {
        #[command(flatten)]
        input: InputArgs,
        /// Show where each value comes from
        #[arg(long)]
        show_origin: bool,
        /// How to write it
        #[arg(short, long, value_enum, default_value_t)]
        output: YamlOrJson,
    },
    /// Print a file in today's form; comments stay
    #[command(after_help = "Examples:
  ksi config migrate --from samples/legacy/2.1-configmap.yaml")]
    Migrate {
        /// The file in an old form
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// Write the file instead of printing it; the old one is kept beside it as FILE.old
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
