//! Where the sandbox keeps what it builds and what runs.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::unistd::Uid;

/// The two folders of a sandbox. Everything that a run leaves is below them.
#[derive(Debug, Clone)]
pub struct Places {
    /// Binaries and images, named by the hash of what they are made from. Kept from run to run.
    pub cache: PathBuf,
    /// State of running clusters. Empty when nothing runs.
    pub run: PathBuf,
}

impl Places {
    /// `KSI_SANDBOX_CACHE` and `KSI_SANDBOX_RUN`, or what is usual: the user's cache; `/var/lib` for
    /// root, since clusters need more room than `/run` has, and the temporary folder for others.
    ///
    /// # Errors
    /// There is no home folder, or the cache cannot be made.
    pub fn from_env() -> Result<Self> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = set("KSI_SANDBOX_CACHE").map_or_else(default_cache, Ok)?;
        let run = set("KSI_SANDBOX_RUN").unwrap_or_else(default_run);
        // The other one is made by what runs in it, and removed with it.
        std::fs::create_dir_all(&cache)
            .with_context(|| format!("cannot make {}", cache.display()))?;
        Ok(Self { cache, run })
    }

    /// The folder of this crate: Go modules, manifests, scripts.
    pub fn sources() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }
}

fn default_cache() -> Result<PathBuf> {
    if let Some(cache) = env::var_os("XDG_CACHE_HOME").filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(cache).join("ksi-sandbox"));
    }
    let home = env::home_dir().context("no home folder: set KSI_SANDBOX_CACHE to a folder")?;
    Ok(home.join(".cache/ksi-sandbox"))
}

fn default_run() -> PathBuf {
    let user = Uid::effective();
    if user.is_root() {
        return "/var/lib/ksi-sandbox".into();
    }
    env::temp_dir().join(format!("ksi-sandbox-{user}"))
}
