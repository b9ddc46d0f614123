//! A real registry, distribution: what it is given it keeps in a folder, and it ends with its owner.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;
use serde_json::json;

use crate::builds::Program;
use crate::cluster::Cluster;
use crate::light;
use crate::node::Node;
use crate::pki::{Authority, Leaf, write_private};
use crate::places::Places;
use crate::process::{Supervisor, start_time, wait_until};
use crate::requirements::{self, skip};

/// The user of a registry with a login.
pub const USER: &str = "sandbox";
/// The password of this user.
pub const PASSWORD: &str = "a-password-of-the-sandbox";
/// Its hash with the lowest cost: it protects nothing, and is computed for each request.
const HASH: &str = "$2a$04$.m76HS7h..J.p1lWcQpZ4uPLLbPFbqVTeVBek6uxK6piwuKM9BUT2";
const PROCESS: &str = "registry";

/// What a registry is asked to be like.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// Where it listens: loopback, or the host's address in a network, so that nodes reach it.
    pub address: Ipv4Addr,
    /// Whether it speaks TLS, with a certificate of an authority of its own, or plain HTTP.
    pub tls: bool,
    /// Whether it asks for the login of [`USER`].
    pub login: bool,
}

impl Default for Wish {
    /// On loopback, with TLS, without login.
    fn default() -> Self {
        Self { address: Ipv4Addr::LOCALHOST, tls: true, login: false }
    }
}

/// A running registry; it ends when it is dropped, with all that it keeps.
pub struct Registry {
    folder: PathBuf,
    processes: Supervisor,
    address: SocketAddr,
    tls: bool,
}

impl Registry {
    /// Starts an empty one. Ends first what the tests of killed processes left. `None`, and a line that
    /// says so, where it is not built and Go is not there to build it; in CI that is an error.
    ///
    /// # Errors
    /// It cannot be built or started.
    pub fn start(wish: Wish) -> Result<Option<Self>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let places = Places::from_env()?;
        if !Program::Registry.is_built(&places)? && !requirements::can_build() {
            return skip("the registry is not built, and Go is not installed");
        }
        let program = Program::Registry.build(&places)?;
        let pid = i32::try_from(process::id())?;
        let owner = start_time(pid).unwrap_or_default();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let all = places.run.join("registries");
        let folder = all.join(format!("{pid}.{owner}.{number}"));
        light::sweep(&all)?;
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        // Free at this moment; it stays the same when the registry is started again.
        let port = TcpListener::bind((wish.address, 0))?.local_addr()?.port();
        let processes = Supervisor::new(&folder.join("processes"), &[])?;
        let address = SocketAddr::new(IpAddr::V4(wish.address), port);
        let registry = Self { folder, processes, address, tls: wish.tls };
        registry.configure(wish)?;
        let configuration = registry.folder.join("config.json").display().to_string();
        registry.processes.start(PROCESS, &program, &["serve".to_owned(), configuration])?;
        registry.wait()?;
        Ok(Some(registry))
    }

    fn configure(&self, wish: Wish) -> Result<()> {
        let path = |name: &str| self.folder.join(name);
        // Addresses relative to the request: through a proxy they stay at the proxy.
        let mut http = json!({"addr": self.address.to_string(), "relativeurls": true});
        if wish.tls {
            let authority = Authority::new("sandbox-registry")?;
            authority.pair().save(&self.folder, "ca")?;
            let names = vec![wish.address.to_string(), "localhost".to_owned()];
            let leaf = Leaf { common_name: "registry", names, ..Leaf::default() };
            authority.issue(&leaf)?.save(&self.folder, "registry")?;
            http["tls"] = json!({"certificate": path("registry.crt"), "key": path("registry.key")});
        }
        let mut configuration = json!({
            "version": "0.1",
            "log": {"level": "info"},
            "storage": {
                "filesystem": {"rootdirectory": path("storage")},
                "delete": {"enabled": true},
                "maintenance": {"uploadpurging": {"enabled": false}},
            },
            "http": http,
        });
        if wish.login {
            write_private(&path("htpasswd"), &format!("{USER}:{HASH}\n"))?;
            configuration["auth"] =
                json!({"htpasswd": {"realm": "sandbox", "path": path("htpasswd")}});
        }
        // It reads YAML, which JSON is.
        fs::write(path("config.json"), configuration.to_string())?;
        Ok(())
    }

    fn wait(&self) -> Result<()> {
        wait_until("the registry", Duration::from_secs(20), || {
            if !self.processes.is_running(PROCESS) {
                bail!("it ended, see {}", self.log().display());
            }
            Ok(TcpStream::connect(self.address).is_ok())
        })
    }

    /// Its address, as the names of its images begin.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.address)
    }

    /// The authority of its certificate; `None` with plain HTTP.
    pub fn authority(&self) -> Option<PathBuf> {
        self.tls.then(|| self.folder.join("ca.crt"))
    }

    /// What it printed: a line for each request.
    pub fn log(&self) -> PathBuf {
        self.processes.log(PROCESS)
    }

    /// Where it keeps what it was given.
    pub fn storage(&self) -> PathBuf {
        self.folder.join("storage")
    }

    /// Ends it with SIGKILL. What it keeps stays.
    ///
    /// # Errors
    /// It does not end.
    pub fn kill(&self) -> Result<()> {
        self.processes.kill(PROCESS)
    }

    /// Ends it with SIGKILL, and starts it again with what it keeps and at the same address.
    ///
    /// # Errors
    /// It does not start again.
    pub fn restart(&self) -> Result<()> {
        self.processes.restart(PROCESS)?;
        self.wait()
    }

    /// Stops it from answering, with connections open; with `SIGCONT` it goes on.
    ///
    /// # Errors
    /// It does not run.
    pub fn signal(&self, what: Signal) -> Result<()> {
        self.processes.signal(PROCESS, what)
    }

    /// Forgets all that it was given.
    ///
    /// # Errors
    /// The folder cannot be removed.
    pub fn clear(&self) -> Result<()> {
        let storage: &Path = &self.storage();
        if storage.exists() {
            fs::remove_dir_all(storage)
                .with_context(|| format!("cannot remove {}", storage.display()))?;
        }
        Ok(())
    }

    /// Lets the node of a cluster pull from it.
    ///
    /// # Errors
    /// The cluster was not started, or containerd's file cannot be written.
    pub fn serve(&self, cluster: &Cluster) -> Result<()> {
        let plane = cluster.control_plane()?;
        Node::know_registry(plane.folder(), &self.address(), self.authority().as_deref())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // What cannot be ended now is ended by the next start.
        let _ = light::remove(&self.folder);
        if let Some(all) = self.folder.parent() {
            // The last one takes the common folder along.
            let _ = fs::remove_dir(all);
        }
    }
}
