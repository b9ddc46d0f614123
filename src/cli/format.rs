//! The formats that verbs offer with `-o`.

use clap::ValueEnum;

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum TextOrJson {
    /// Text for people.
    #[default]
    Text,
    /// JSON for programs.
    Json,
}

/// Two spellings of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum YamlOrJson {
    /// YAML.
    #[default]
    Yaml,
    /// JSON.
    Json,
}
