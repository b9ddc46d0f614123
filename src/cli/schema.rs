//! `ksi schema`: print the JSON Schema.

use clap::Args;

use super::exit::Failure;
use crate::config;
use crate::ui::Output;

/// Print the JSON Schema of ClusterConfiguration, for editors and CI
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi schema > clusterconfiguration.schema.json
  ksi schema --print-modeline")]
pub(super) struct SchemaArgs {
    /// Print the comment with which a file names its schema for editors
    #[arg(long)]
    print_modeline: bool,
}

pub(super) fn run(args: &SchemaArgs, output: &Output) -> Result<(), Failure> {
    let SchemaArgs { print_modeline } = args;
    if *print_modeline {
        output
            .print("put this line at the top of the file, and the schema into the same directory:");
        output.data("# yaml-language-server: $schema=clusterconfiguration.schema.json\n")?;
    } else {
        output.data(&format!("{:#}\n", config::schema()))?;
    }
    Ok(())
}
