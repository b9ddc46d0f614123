//! `ksi completion`: shell completion.

use clap::Args;
use clap_complete::Shell;

use super::exit::Failure;
use crate::ui::Output;

/// Print the completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi completion bash
  ksi completion zsh")]
pub(super) struct CompletionArgs {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &CompletionArgs, output: &Output) -> Result<(), Failure> {
    let CompletionArgs { shell } = args;
    let mut text = Vec::new();
    clap_complete::generate(*shell, &mut super::command(), "ksi", &mut text);
    Ok(output.data(&String::from_utf8_lossy(&text))?)
}
