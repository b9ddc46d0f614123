//! `ksi config init`: a configuration to start from.

use clap::ValueEnum;

/// What the configuration is for.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum InitRole {
    /// Manages other clusters
    Host,
    /// Is managed by a host
    Member,
    /// A single cluster
    #[default]
    None,
    /// Every key with its default, for a host, as KubeKey's second document
    Full,
}

impl InitRole {
    /// The sample as a file of the user's: the schema is not beside it, and a secret that everybody
    /// can read is none.
    pub(super) fn sample(self) -> String {
        let sample = match self {
            Self::Host => include_str!("../../../samples/host.yaml"),
            Self::Member => include_str!("../../../samples/member.yaml"),
            Self::None => include_str!("../../../samples/none.yaml"),
            Self::Full => include_str!("../../../samples/config-sample.yaml"),
        };
        let secret = |line: &str| line.trim_start().starts_with("jwtSecret: ");
        sample
            .lines()
            .filter(|line| !line.starts_with("# yaml-language-server:"))
            .map(|line| match line.split_once("jwtSecret: ") {
                Some((indent, _)) if secret(line) => format!("{indent}jwtSecret: \"\"\n"),
                _ => line.to_owned() + "\n",
            })
            .collect()
    }
}
