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
    /// The sample without its schema comment, and without the sample address, at which nobody listens. No
    /// sample contains a secret.
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
            .map(|line| match address(line) {
                Some(indent) => format!("{indent}# {ADDRESS}https://HOST:PORT\n"),
                None => line.to_owned(),
            })
            .collect()
    }
}

const ADDRESS: &str = "proxyPublishAddress: ";

/// What stands before the key with the sample address.
fn address(line: &str) -> Option<&str> {
    line.split_once(ADDRESS).map(|(indent, _)| indent).filter(|indent| indent.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sample_has_an_address_of_nobody() {
        for role in [InitRole::Host, InitRole::Member, InitRole::None, InitRole::Full] {
            let sample = role.sample();
            let key = sample.lines().find(|line| line.trim_start().starts_with(ADDRESS));
            assert_eq!(key, None, "{role:?}");
        }
        assert!(InitRole::Host.sample().contains("# proxyPublishAddress: https://HOST:PORT"));
    }
}
