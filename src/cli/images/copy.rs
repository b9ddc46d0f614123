//! `ksi images copy`: bring images to where they are needed.

mod report;
mod wanted;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{ArgGroup, Args};

use crate::cli::args::facts::FactsArgs;
use crate::cli::args::format::{ProgressArgs, TextOrJson};
use crate::cli::args::registry::RegistryArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::execution::beside_clock;
use crate::cli::shared::interrupt;
use crate::images::copy::{Board, Copied, Copier, Failed, Options};
use crate::images::{Place, items, lock};
use crate::registry::Platform;
use crate::ui::{Output, Transfer};

const TICK: Duration = Duration::from_millis(100);

/// Copy images to a registry or to files, from a registry or from files
///
/// Copies the images of a configuration, or those that are named, or all that are in the files of --from. An
/// image is copied as a whole, with all its platforms and by its digests; what the target has already is not
/// sent again, so that running the command again after an interruption sends only what is missing. At the end
/// the digests at the target are compared.
///
/// A place is a registry (registry.example.com:5000/mirror), an OCI layout in a directory (oci:DIR) or in a tar
/// file (oci-archive:FILE), or what `docker save` writes (docker-archive:FILE, only with --from).
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).multiple(true), after_help = "Examples:
  ksi images copy -f config.yaml --to registry.example.com:5000
  ksi images copy -f config.yaml --platform linux/amd64 --to oci-archive:/media/stick/images.tar
  ksi images copy --from oci-archive:/media/stick/images.tar --to registry.example.com:5000 --lock images.lock.yaml
  ksi images copy kubesphere/ks-console:v3.4.1 --from mirror.example.com --to registry.example.com:5000")]
pub(super) struct CopyArgs {
    /// Images to copy, by the names under which they are published
    #[arg(value_name = "IMAGE", group = "which")]
    images: Vec<String>,
    /// Copy the images of this configuration, or `-` for standard input; can be repeated, later files override
    /// single keys
    #[arg(short, long, value_name = "FILE", group = "which", conflicts_with = "images")]
    filename: Vec<String>,
    /// Set a key below `spec`, for example multicluster.clusterRole=host; can be repeated
    #[arg(long, value_name = "PATH=VALUE", requires = "filename")]
    set: Vec<String>,
    /// Include the images of disabled components
    #[arg(long, requires = "filename")]
    all: bool,
    /// Where the images are [default: where they are published]
    #[arg(long, value_name = "PLACE", group = "which")]
    from: Option<Place>,
    /// Where they are copied to
    #[arg(long, value_name = "PLACE")]
    to: Place,
    /// Copy only this platform, for example linux/amd64; can be repeated [default: all]
    #[arg(long, value_name = "OS/ARCHITECTURE")]
    platform: Vec<Platform>,
    /// Write the digests to this file, which is a configuration: pass it to `ksi apply` as a second -f
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// Number of layers that are copied at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    parallel: u8,
    /// Output format
    #[arg(short, long, value_enum, default_value_t)]
    output: TextOrJson,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    facts: FactsArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

pub(super) fn run(args: &CopyArgs, output: &Output) -> Result<(), Failure> {
    if args.from.as_ref() == Some(&args.to) {
        return Err(Failure::Usage("--from and --to are the same".to_owned()));
    }
    let configured = wanted::of_configuration(args, output)?;
    let client = args.registry.client()?;
    let began = Instant::now();
    let stop = interrupt::listen();
    let (done, failed) = crate::cli::block_on(async {
        let options = Options { platforms: args.platform.clone(), parallel: args.parallel.into() };
        let opened = Copier::open(&client, args.from.as_ref(), &args.to, options);
        let copier = interrupt::unless_stopped(&stop, Box::pin(opened)).await??;
        let wanted = match configured {
            Some(wanted) => wanted,
            None => wanted::of_files(&copier.names(), output)?,
        };
        let items = items(&wanted, args.from.as_ref(), &args.to)?;
        let board = Board::new(items.iter().map(|item| item.listed.clone()));
        let events = args.output == TextOrJson::Json;
        let mut shown = Transfer::new(output, args.progress.progress, events, Instant::now());
        let copying = beside_clock(copier.run(items, &board), TICK, || {
            shown.tick(&board.rows(), Instant::now());
        });
        let ended = interrupt::unless_stopped(&stop, Box::pin(copying)).await;
        shown.finish(&board.rows());
        Ok::<(Vec<Copied>, Vec<Failed>), Failure>(ended??)
    })??;
    if let Some(path) = args.lock.as_ref().filter(|_| failed.is_empty()) {
        std::fs::write(path, lock::text(&done))
            .map_err(|error| Failure::Io(format!("cannot write {}: {error}", path.display())))?;
    }
    report::show(args, &done, &failed, began.elapsed(), output)
}
