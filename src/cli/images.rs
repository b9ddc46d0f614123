//! `ksi images`: list the images of a configuration, map them, copy them.

mod copy;

use clap::{Args, Subcommand};
use serde_json::json;

use super::args::format::TextOrJson;
use super::args::input::InputArgs;
use super::exit::Failure;
use super::shared::preparation;
use crate::install::images;
use crate::ui::Output;

/// List the images of a configuration, map them to another registry, or copy them
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
}

pub(super) fn run(args: &ImagesArgs, output: &Output) -> Result<(), Failure> {
    let ImagesArgs { verb } = args;
    match verb {
        ImagesVerb::List { input, all, output: format } => list(input, *all, *format, output),
        ImagesVerb::Rewrite { input, registry, all, output: format } => {
            rewrite(input, registry, *all, *format, output)
        }
        ImagesVerb::Copy(args) => copy::run(args, output),
    }
}

fn list(input: &InputArgs, all: bool, format: TextOrJson, output: &Output) -> Result<(), Failure> {
    let images = images::images(&preparation::offline(input, output)?, all)?;
    let text = match format {
        TextOrJson::Text => images.iter().map(|i| i.reference() + "\n").collect(),
        TextOrJson::Json => {
            let list: Vec<_> = images
                .iter()
                .map(|i| json!({"name": i.name, "image": i.reference(), "upstream": i.upstream}))
                .collect();
            format!("{:#}\n", json!(list))
        }
    };
    Ok(output.data(&text)?)
}

/// Source: where the image is published. Target: its name if `local_registry` is this registry.
fn rewrite(
    input: &InputArgs,
    registry: &str,
    all: bool,
    format: TextOrJson,
    output: &Output,
) -> Result<(), Failure> {
    if !crate::config::form::is_registry(registry) {
        return Err(Failure::Usage(format!(
            "`{registry}` is not a registry, for example registry.local:5000/mirror"
        )));
    }
    let images = images::mirrored(&preparation::offline(input, output)?, registry, all)?;
    let pairs = images.iter().map(|image| (&image.upstream, image.reference()));
    let text = match format {
        TextOrJson::Text => pairs.fold(String::new(), |mut text, (source, target)| {
            text.extend([source, " ", &target, "\n"]);
            text
        }),
        TextOrJson::Json => {
            let list: Vec<_> = pairs.map(|(s, t)| json!({"source": s, "target": t})).collect();
            format!("{:#}\n", json!(list))
        }
    };
    Ok(output.data(&text)?)
}
