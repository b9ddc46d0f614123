//! `ksi images`: list the images of a configuration, map them, copy them.

mod copy;
mod list;
mod rescue;

use clap::{Args, Subcommand};

use super::args::format::TextOrJson;
use super::args::input::InputArgs;
use super::exit::Failure;
use crate::ui::Output;

/// List the images of a configuration, map them, copy them, or rescue them from nodes
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi images list -f samples/host.yaml
  ksi images rewrite -f samples/host.yaml --registry registry.local:5000/mirror
  ksi images copy -f samples/host.yaml --to oci:images")]
pub(super) struct ImagesArgs {
    #[command(subcommand)]
    verb: ImagesVerb,
}

#[derive(Debug, Subcommand)]
enum ImagesVerb {
    /// List every image that the configuration needs
    #[command(after_help = "Examples:
  ksi images list -f samples/host.yaml -o json")]
    List {
        #[command(flatten)]
        input: InputArgs,
        /// Include the images of disabled components
        #[arg(long)]
        all: bool,
        /// Output format
        #[arg(short, long, value_enum, default_value_t)]
        output: TextOrJson,
    },
    /// Print "source target" for each image, as input for a copy tool
    #[command(after_help = "Examples:
  ksi images rewrite -f samples/host.yaml --registry registry.local:5000")]
    Rewrite {
        #[command(flatten)]
        input: InputArgs,
        /// Target registry, with an optional path
        #[arg(long, value_name = "REGISTRY")]
        registry: String,
        /// Include the images of disabled components
        #[arg(long)]
        all: bool,
        /// Output format
        #[arg(short, long, value_enum, default_value_t)]
        output: TextOrJson,
    },
    Copy(Box<copy::CopyArgs>),
    Rescue(Box<rescue::RescueArgs>),
}

pub(super) fn run(args: &ImagesArgs, output: &Output) -> Result<(), Failure> {
    let ImagesArgs { verb } = args;
    match verb {
        ImagesVerb::List { input, all, output: format } => list::list(input, *all, *format, output),
        ImagesVerb::Rewrite { input, registry, all, output: format } => {
            list::rewrite(input, registry, *all, *format, output)
        }
        ImagesVerb::Copy(args) => copy::run(args, output),
        ImagesVerb::Rescue(args) => rescue::run(args, output),
    }
}
