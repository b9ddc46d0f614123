//! `ksi images`: list the images of a configuration, check, map and copy them.

mod check;
mod copy;
mod list;
mod rescue;

use std::time::Duration;

use clap::{Args, Subcommand};

use super::args::format::TextOrJson;
use super::args::input::InputArgs;
use super::args::registry::RegistryArgs;
use super::exit::Failure;
use crate::ui::Output;

/// An unavailable cluster is reported instead of waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// List the images of a configuration, check where they can be had, map, copy or rescue them
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi images list -f samples/host.yaml
  ksi images check -f samples/host.yaml --offline
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
  ksi images list -f samples/host.yaml -o json
  ksi images list -f samples/host.yaml --digests")]
    List {
        #[command(flatten)]
        input: InputArgs,
        /// Include the images of disabled components
        #[arg(long)]
        all: bool,
        /// Ask the registries for the digests, and add them
        #[arg(long)]
        digests: bool,
        /// Output format
        #[arg(short, long, value_enum, default_value_t)]
        output: TextOrJson,
        #[command(flatten)]
        registries: RegistryArgs,
    },
    Check(Box<check::CheckArgs>),
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
        ImagesVerb::List { input, all, digests: false, output: format, .. } => {
            list::list(input, *all, *format, output)
        }
        ImagesVerb::List { input, all, output: format, registries, .. } => {
            list::with_digests(input, *all, registries, *format, output)
        }
        ImagesVerb::Check(args) => check::run(args, output),
        ImagesVerb::Rewrite { input, registry, all, output: format } => {
            list::rewrite(input, registry, *all, *format, output)
        }
        ImagesVerb::Copy(args) => copy::run(args, output),
        ImagesVerb::Rescue(args) => rescue::run(args, output),
    }
}
