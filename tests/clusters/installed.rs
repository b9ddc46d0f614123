//! A cluster of the light tier with a node of kwok, and ksi as users run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use sandbox::addons;
use sandbox::builds::Release;
use sandbox::control_plane::ControlPlane;
use sandbox::light::Light;
use sandbox::places::Places;
use serde_json::{Value, json};

use crate::hands::{Hands, SYSTEM};
use crate::manifests::root;

/// The account of `deploy/rbac.yaml`, as the API server calls it.
pub(crate) const ACCOUNT: &str = "system:serviceaccount:kubesphere-system:ks-installer";
const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

/// Days since 1970: where not everything can be tried each time, another day tries something else.
pub(crate) fn today() -> usize {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    usize::try_from(since.as_secs() / SECONDS_OF_A_DAY).unwrap()
}

/// The release for tests that need no certain one: `KSI_SANDBOX_RELEASE`, otherwise that of the day.
pub(crate) fn release() -> Release {
    let of_today = Release::ALL[today() % Release::ALL.len()];
    let named = std::env::var("KSI_SANDBOX_RELEASE").ok().filter(|named| named != "all");
    let release = named.map_or(of_today, |named| named.parse().unwrap());
    eprintln!("on Kubernetes {release}: KSI_SANDBOX_RELEASE={release} repeats it");
    release
}

/// The releases for tests of what releases differ in, which take minutes on each: that of `release`, or with
/// `KSI_SANDBOX_RELEASE=all` every one.
pub(crate) fn releases() -> Vec<Release> {
    if std::env::var("KSI_SANDBOX_RELEASE").is_ok_and(|named| named == "all") {
        return Release::ALL.to_vec();
    }
    vec![release()]
}

/// A control plane, and a node that says that its pods run. ksi runs there with the account of
/// `deploy/rbac.yaml` and its rights, unless a test asks for an administrator.
pub(crate) struct Rig {
    light: Light,
    kubeconfig: PathBuf,
}

impl Rig {
    /// Starts one with the account, and with it namespace kubesphere-system; `None` where a control
    /// plane cannot be built.
    pub(crate) fn start(release: Release) -> Option<Self> {
        let bare = Self::bare(release)?;
        let kubeconfig = account(bare.plane());
        Some(Self { kubeconfig, ..bare })
    }

    /// Starts one in which nothing is, not even namespace kubesphere-system: ksi is an administrator.
    pub(crate) fn bare(release: Release) -> Option<Self> {
        Self::bare_with(release, Vec::new())
    }

    /// The same with more flags for the API server.
    pub(crate) fn bare_with(release: Release, api_arguments: Vec<String>) -> Option<Self> {
        let light = Light::with(release, api_arguments).unwrap()?;
        let places = Places::from_env().unwrap();
        addons::start_kwok(&places, light.control_plane(), "127.0.0.1", false).unwrap();
        let kubeconfig = light.control_plane().kubeconfig();
        Some(Self { light, kubeconfig })
    }

    /// As whom ksi runs.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// What ksi says as an administrator: where the account itself goes, with its namespace.
    pub(crate) fn admin(&self, arguments: &[&str]) -> Said {
        Said::of(ksi(&self.plane().kubeconfig(), arguments).output().unwrap())
    }

    /// ksi with these arguments and the kubeconfig of the cluster.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        ksi(&self.kubeconfig, arguments)
    }

    /// What ksi says and its exit code.
    pub(crate) fn ksi(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().unwrap())
    }
}

impl Hands for Rig {
    fn plane(&self) -> &ControlPlane {
        self.light.control_plane()
    }
}

/// Makes the account that `deploy/rbac.yaml` has, and a kubeconfig with a token of it.
pub(crate) fn account(plane: &ControlPlane) -> PathBuf {
    let file = root().join("deploy/rbac.yaml");
    plane.kubectl(&["apply", "-f", file.to_str().unwrap()]).unwrap();
    token(plane, "ks-installer")
}

/// A kubeconfig with a token of an account in kubesphere-system.
pub(crate) fn token(plane: &ControlPlane, name: &str) -> PathBuf {
    let token = plane.kubectl(&["-n", SYSTEM, "create", "token", name]).unwrap();
    let text = std::fs::read(plane.kubeconfig()).unwrap();
    let mut config: Value = serde_json::from_slice(&text).unwrap();
    config["users"][0]["user"] = json!({"token": token.trim()});
    let path = plane.folder().join(format!("{name}.kubeconfig"));
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

/// ksi with a kubeconfig, without what the environment of this test says.
pub(crate) fn ksi(kubeconfig: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ksi"));
    command.args(arguments).env("KUBECONFIG", kubeconfig).stdin(Stdio::null());
    for (name, _) in std::env::vars() {
        if name.starts_with("KSI_") {
            command.env_remove(name);
        }
    }
    command
}

/// What a program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Fails the test with everything that was said.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }
}

/// A sample by its name.
pub(crate) fn sample(name: &str) -> String {
    let path: PathBuf = root().join("samples").join(name);
    path.display().to_string()
}
