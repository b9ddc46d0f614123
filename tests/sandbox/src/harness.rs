//! Clusters for tests: up when a test begins, gone when it ends.

use anyhow::Result;

use crate::builds::Release;
use crate::cluster::{Cluster, Wish};
use crate::network::Network;
use crate::places::Places;
use crate::requirements::{is_root, skip};
use crate::{clean, up};

/// The clusters of one test binary. They end when it is dropped; what a killed test leaves is
/// removed by the next one.
pub struct Sandbox {
    places: Places,
    network: Network,
}

impl Sandbox {
    /// Starts clusters, each with a real node. `None`, and a line that says so, where there is no
    /// root; in CI that is an error, so that nothing is skipped there.
    ///
    /// # Errors
    /// A cluster does not come up, or CI has no root.
    pub fn start(names: &[&str]) -> Result<Option<Self>> {
        let wish = |name: &&str| Wish {
            name: (*name).to_owned(),
            release: Release::Oldest.to_string(),
            real: true,
            kwok: false,
            isolated: false,
            addresses: true,
        };
        Self::start_as(Network::TESTS, names.iter().map(wish).collect())
    }

    /// The same with clusters of any kind, in a sandbox of their own.
    ///
    /// # Errors
    /// A cluster does not come up, or CI has no root.
    #[expect(clippy::print_stderr, reason = "a test that builds for minutes says so")]
    pub fn start_as(network: Network, wishes: Vec<Wish>) -> Result<Option<Self>> {
        if !is_root() {
            return skip("clusters with nodes need root; run the tests as root to see them");
        }
        let sandbox = Self { places: Places::from_env()?, network };
        up::up(&sandbox.places, sandbox.network, wishes, &|line: &str| eprintln!("{line}"))?;
        Ok(Some(sandbox))
    }

    /// One of the clusters.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn cluster(&self, name: &str) -> Result<Cluster> {
        Cluster::open(&self.places, self.network, name)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // What cannot be ended now is removed by the next start, which says so.
        let _ = clean::down(&self.places, self.network, &[], |_: &str| {});
    }
}
