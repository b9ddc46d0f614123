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
    let (shown, result) = if name == "-" {
        let mut bytes = Vec::new();
        // One byte above the limit, so that longer input is an error instead of being truncated.
        let limit = config::LARGEST_INPUT as u64 + 1;
        ("standard input", std::io::stdin().take(limit).read_to_end(&mut bytes).map(|_| bytes))
    } else {
        (name, read_file(Path::new(name)))
    };
    result.map(|bytes| Input { name: shown.to_owned(), bytes }).map_err(|error| {
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

fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    file.take(config::LARGEST_INPUT as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
