//! The flags that say where a configuration comes from.

use std::io::Read;
use std::path::Path;

use clap::Args;

use super::facts::FactsArgs;
use crate::config::{self, Input};
use crate::diagnostic::{Code, Diagnostic};
use crate::install::Source;

/// Where the configuration comes from.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct InputArgs {
    /// File with a ClusterConfiguration, or `-` for standard input; can be repeated, later files override
    /// single keys
    #[arg(short, long = "filename", value_name = "FILE", env = "KSI_FILENAME", required = true)]
    pub filename: Vec<String>,
    /// Set a key below `spec`, for example multicluster.clusterRole=host; can be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Report unknown keys as warnings instead of errors
    #[arg(long)]
    pub allow_unknown: bool,
    #[command(flatten)]
    facts: FactsArgs,
}

impl InputArgs {
    /// Files and settings only, for verbs that read the facts from a cluster.
    pub(in crate::cli) fn of(filename: &[String], set: &[String], allow_unknown: bool) -> Self {
        Self {
            filename: filename.to_vec(),
            set: set.to_vec(),
            allow_unknown,
            facts: FactsArgs::default(),
        }
    }

    /// Files, settings and facts, for verbs that also work without a configuration.
    pub(in crate::cli) fn with_facts(
        filename: &[String],
        set: &[String],
        facts: FactsArgs,
    ) -> Self {
        Self { facts, ..Self::of(filename, set, false) }
    }

    /// Another file with the same facts and the same `--allow-unknown`, without `--set`.
    pub(in crate::cli) fn instead_of(&self, file: &Path) -> Self {
        Self {
            filename: vec![file.display().to_string()],
            set: Vec::new(),
            allow_unknown: self.allow_unknown,
            facts: self.facts.clone(),
        }
    }

    /// Reads the files.
    pub(in crate::cli) fn source(&self) -> Source {
        let mut source = Source {
            sets: self.set.clone(),
            facts: self.facts.overrides(),
            allow_unknown: self.allow_unknown,
            ..Source::default()
        };
        for name in &self.filename {
            match read(name) {
                Ok(input) => source.inputs.push(input),
                Err(diagnostic) => source.unreadable.push(diagnostic),
            }
        }
        source
    }
}

/// Reads one input whole.
fn read(name: &str) -> Result<Input, Diagnostic> {
    let shown = if name == "-" { "standard input" } else { name };
    bytes(name).map(|bytes| Input { name: shown.to_owned(), bytes }).map_err(|error| {
        let diagnostic =
            Diagnostic::error(Code::Unreadable, format!("cannot read {shown}: {error}"));
        match error.kind() {
            std::io::ErrorKind::NotFound => diagnostic.help("check the path given with -f"),
            std::io::ErrorKind::IsADirectory => {
                diagnostic.help("pass a file; repeat -f for several files")
            }
            _ => diagnostic,
        }
    })
}

/// The bytes of a file, or of standard input for `-`, up to one byte above the limit: longer input is then an error
/// instead of being truncated.
///
/// # Errors
/// It cannot be read, or is a directory.
pub(in crate::cli) fn bytes(name: &str) -> std::io::Result<Vec<u8>> {
    let limit = config::LARGEST_INPUT as u64 + 1;
    let mut bytes = Vec::new();
    if name == "-" {
        std::io::stdin().take(limit).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    let file = std::fs::File::open(name)?;
    if file.metadata()?.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
