//! How output is shown: the formats of `-o`, and the progress of a run.

use clap::{Args, ValueEnum};

use crate::ui::ProgressChoice;

/// Text or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum TextOrJson {
    #[default]
    Text,
    Json,
}

/// YAML or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(in crate::cli) enum YamlOrJson {
    #[default]
    Yaml,
    Json,
}

/// How the progress of a run is shown.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::cli) struct ProgressArgs {
    /// How to show progress on standard error
    #[arg(long, value_enum, default_value_t, value_name = "MODE", env = "KSI_PROGRESS")]
    pub(in crate::cli) progress: ProgressChoice,
}
