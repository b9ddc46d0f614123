//! What may be removed besides the objects that can be made again.

use clap::Args;

use crate::inventory::PruneOptions;

/// What is no longer wanted and is kept unless a flag says otherwise.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "What may be deleted when it is no longer wanted")]
#[allow(clippy::struct_excessive_bools)] // Each is a flag of its own.
pub(super) struct PruneArgs {
    /// CRDs, and with them every object of their kinds
    #[arg(long)]
    delete_crds: bool,
    /// Volume claims, and with them the data
    #[arg(long)]
    delete_data: bool,
    /// Namespaces, and with them everything inside
    #[arg(long)]
    delete_namespaces: bool,
}

impl PruneArgs {
    pub(super) fn options(self) -> PruneOptions {
        let Self { delete_crds, delete_data, delete_namespaces } = self;
        PruneOptions {
            crds: delete_crds,
            data: delete_data,
            namespaces: delete_namespaces,
            created: false,
        }
    }
}
