//! From `-f`, `--set` and the flags about the cluster to a judged configuration.

use std::io::Read;
use std::path::Path;

use clap::Args;

use super::exit::Failure;
use crate::config::{self, Configuration, Input, Loaded, Request};
use crate::diagnostic::{Code, Diagnostic};
use crate::facts::{Facts, KubernetesVersion};
use crate::ui::Output;
use crate::validate;

/// Where the configuration comes from.
#[derive(Debug, Clone, Args)]
pub(super) struct InputArgs {
    /// File with a ClusterConfiguration, or `-` for standard input; may be repeated, later wins per
    /// key
    #[arg(short, long = "filename", value_name = "FILE", env = "KSI_FILENAME", required = true)]
    pub filename: Vec<String>,
    /// Set one key of the specification, for instance multicluster.clusterRole=host
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Take unknown keys as warnings
    #[arg(long)]
    pub allow_unknown: bool,
    #[command(flatten)]
    facts: FactsArgs,
}

/// What an offline run cannot see of the cluster.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Facts about the cluster")]
struct FactsArgs {
    /// Kubernetes version, for instance 1.34
    #[arg(long, value_name = "VERSION", env = "KSI_KUBE_VERSION")]
    kube_version: Option<KubernetesVersion>,
    /// Number of nodes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    nodes: Option<u32>,
    /// Number of control-plane nodes
    #[arg(long, value_name = "N")]
    control_plane_nodes: Option<u32>,
    /// Address under which a browser reaches a node
    #[arg(long, value_name = "ADDRESS")]
    node_address: Option<String>,
}

/// A configuration that was read and is right.
#[derive(Debug)]
pub(super) struct Checked {
    /// The typed specification.
    pub configuration: Configuration,
    /// What is known of the cluster.
    pub facts: Facts,
    /// The documents as they were read.
    pub loaded: Loaded,
}

impl InputArgs {
    /// Files and settings alone, for verbs that ask a cluster for the facts.
    pub(super) fn of(filename: &[String], set: &[String]) -> Self {
        Self {
            filename: filename.to_vec(),
            set: set.to_vec(),
            allow_unknown: false,
            facts: FactsArgs::default(),
        }
    }

    /// Reads the inputs.
    pub(super) fn load(&self) -> Loaded {
        self.load_on(Vec::new())
    }

    /// Reads the inputs on top of others.
    pub(super) fn load_on(&self, mut inputs: Vec<Input>) -> Loaded {
        let mut unreadable = Vec::new();
        for name in &self.filename {
            match read(name) {
                Ok(input) => inputs.push(input),
                Err(diagnostic) => unreadable.push(diagnostic),
            }
        }
        let mut loaded = config::load(Request { inputs, sets: self.set.clone() });
        loaded.diagnostics.extend(unreadable);
        loaded
    }

    /// These files, judged strictly, by what the cluster says of itself.
    pub(super) fn plain(filename: &[String]) -> Self {
        Self {
            filename: filename.to_vec(),
            set: Vec::new(),
            allow_unknown: false,
            facts: FactsArgs::default(),
        }
    }

    /// The same facts and leniency for another file, without `--set`.
    pub(super) fn instead_of(&self, file: &Path) -> Self {
        Self {
            filename: vec![file.display().to_string()],
            set: Vec::new(),
            allow_unknown: self.allow_unknown,
            facts: self.facts.clone(),
        }
    }

    /// What is known of the cluster: flags, then what the cluster itself says, then the KubeKey
    /// document, then assumptions.
    pub(super) fn facts(&self, loaded: &Loaded, observed: Option<Facts>) -> Facts {
        let documented =
            || loaded.kubekey.as_ref().map_or_else(Facts::default, |k| k.facts(Facts::default()));
        let base = observed.unwrap_or_else(documented);
        let FactsArgs { kube_version, nodes, control_plane_nodes, node_address } = &self.facts;
        let nodes = nodes.unwrap_or(base.nodes);
        Facts {
            kubernetes: kube_version.unwrap_or(base.kubernetes),
            nodes,
            control_plane_nodes: control_plane_nodes.unwrap_or(base.control_plane_nodes.min(nodes)),
            node_address: node_address.clone().or(base.node_address),
        }
    }

    /// Reads and judges, and shows what is wrong on standard error.
    ///
    /// # Errors
    /// [`Failure::Invalid`] when the configuration is refused.
    pub(super) fn check(&self, output: &Output) -> Result<Checked, Failure> {
        self.judge(self.load(), None, output)
    }

    /// Whether the configuration is wrong whatever the cluster is.
    pub(super) fn is_refused(&self, loaded: &Loaded) -> bool {
        let options = validate::Options { allow_unknown: self.allow_unknown };
        validate::validate(loaded, &self.facts(loaded, None), options).is_err()
    }

    /// The same for a cluster that says itself what it is.
    ///
    /// # Errors
    /// [`Failure::Invalid`] when the configuration is refused.
    pub(super) fn judge(
        &self,
        loaded: Loaded,
        observed: Option<Facts>,
        output: &Output,
    ) -> Result<Checked, Failure> {
        let facts = self.facts(&loaded, observed);
        let options = validate::Options { allow_unknown: self.allow_unknown };
        match validate::validate(&loaded, &facts, options) {
            Ok(valid) => {
                output.diagnostics(&valid.warnings, &loaded.sources);
                Ok(Checked { configuration: valid.configuration, facts, loaded })
            }
            Err(found) => {
                output.diagnostics(&found, &loaded.sources);
                Err(Failure::Invalid)
            }
        }
    }
}

/// Reads one input whole.
fn read(name: &str) -> Result<Input, Diagnostic> {
    let (shown, result) = if name == "-" {
        let mut bytes = Vec::new();
        // One byte more than is taken, so that a longer input is refused and not cut.
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
                diagnostic.help("name a file; several files take several -f")
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
