//! `ksi config init`: print a sample configuration.

use clap::ValueEnum;

/// Which sample to print.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum InitRole {
    /// Manages member clusters
    Host,
    /// Managed by a host cluster
    Member,
    /// Single cluster
    #[default]
    None,
    /// Host with all keys and their defaults, as in KubeKey's config-sample.yaml
    Full,
}

impl InitRole {
    /// The sample without its schema comment. No sample contains a secret.
    pub(super) fn sample(self) -> String {
        let sample = match self {
            Self::Host => include_str!("../../../samples/host.yaml"),
            Self::Member => include_str!("../../../samples/member.yaml"),
            Self::None => include_str!("../../../samples/none.yaml"),
            Self::Full => include_str!("../../../samples/config-sample.yaml"),
        };
        sample
            .split_inclusive('\n')
            .filter(|line| !line.starts_with("# yaml-language-server:"))
            .collect()
    }
}
