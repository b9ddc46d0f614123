//! Programs made from Go modules and from ksi's own sources, built once and kept by what they are made of.

use std::fmt::{self, Display};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest as _, Sha256};

use crate::places::Places;

/// The Kubernetes versions under the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Release {
    /// 1.34.4: the newest whose kubelet still runs on hosts with cgroup v1.
    Oldest,
    /// 1.36.3: the newest that builds from its module.
    Newest,
}

impl Release {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Oldest, Self::Newest];

    fn version(self) -> &'static str {
        match self {
            Self::Oldest => "1.34.4",
            Self::Newest => "1.36.3",
        }
    }

    fn minor(self) -> &'static str {
        match self {
            Self::Oldest => "34",
            Self::Newest => "36",
        }
    }
}

impl Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor())
    }
}

impl FromStr for Release {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|release| release.to_string() == text);
        known.with_context(|| format!("no Kubernetes {text} here: 1.34 or 1.36"))
    }
}

/// etcd, control plane, kubelet, kube-proxy and kubectl in one binary; its first word says which.
///
/// # Errors
/// It cannot be built.
pub fn kubernetes(places: &Places, release: Release) -> Result<PathBuf> {
    with_kubernetes(release, |go| go.build(places))
}

/// Whether this release is in the cache: nothing is needed to build it then.
///
/// # Errors
/// Its sources cannot be read.
pub fn has_kubernetes(places: &Places, release: Release) -> Result<bool> {
    with_kubernetes(release, |go| Ok(path(places, go.name, &go.hash()?).exists()))
}

fn with_kubernetes<T>(release: Release, act: impl FnOnce(&Go<'_>) -> Result<T>) -> Result<T> {
    let component = "k8s.io/component-base/version";
    let flags = format!(
        "-s -w -X {component}.gitVersion=v{} -X {component}.gitMajor=1 -X {component}.gitMinor={}",
        release.version(),
        release.minor()
    );
    let module = format!("kubernetes/{release}");
    let name = format!("kubernetes-{release}");
    act(&Go { name: &name, module: &module, package: ".", flags: &flags })
}

/// `KubeFed` 0.10: controller manager, webhook and kubefedctl.
///
/// # Errors
/// It cannot be built.
pub fn kubefed(places: &Places) -> Result<PathBuf> {
    let package = "sigs.k8s.io/kubefed/cmd/hyperfed";
    Go { name: "kubefed", module: "kubefed", package, flags: "-s -w" }.build(places)
}

/// Stand-ins for the images that cannot be built here.
///
/// # Errors
/// They cannot be built.
pub fn standin(places: &Places) -> Result<PathBuf> {
    Go { name: "standin", module: "standin", package: ".", flags: "-s -w" }.build(places)
}

/// What holds a pod's namespaces open.
///
/// # Errors
/// It cannot be built.
pub fn pause(places: &Places) -> Result<PathBuf> {
    Go { name: "pause", module: "pause", package: ".", flags: "-s -w" }.build(places)
}

const KWOK: &str = "sigs.k8s.io/kwok/cmd/kwok@v0.8.0";
const KWOK_MODULE: &str = "sigs.k8s.io/kwok@v0.8.0";

/// DNS for Services.
///
/// # Errors
/// It cannot be built.
pub fn coredns(places: &Places) -> Result<PathBuf> {
    Go { name: "coredns", module: "coredns", package: ".", flags: "-s -w" }.build(places)
}

/// Nodes without kubelets, for images that cannot be had.
///
/// # Errors
/// It cannot be built.
pub fn kwok(places: &Places) -> Result<PathBuf> {
    install(places, "kwok", KWOK)
}

/// How kwok's nodes and pods behave: without these files it does nothing.
///
/// # Errors
/// The module cannot be had.
pub fn kwok_stages(_places: &Places) -> Result<Vec<PathBuf>> {
    let out = run(Command::new("go").args(["mod", "download", "-json", KWOK_MODULE]))?;
    let answer: serde_json::Value = serde_json::from_str(&out)?;
    let folder = answer["Dir"].as_str().context("`go mod download` names no folder")?;
    let stages = Path::new(folder).join("kustomize/stage");
    let mut files = Vec::new();
    for kind in ["node/fast", "node/heartbeat", "pod/fast"] {
        let entries = fs::read_dir(stages.join(kind))?.flatten().map(|entry| entry.path());
        files.extend(entries.filter(|path| {
            path.extension().is_some_and(|e| e == "yaml") && !path.ends_with("kustomization.yaml")
        }));
    }
    files.sort();
    Ok(files)
}

/// ksi itself, static, so that it runs in an image with nothing else in it.
///
/// # Errors
/// It cannot be built.
pub fn ksi(places: &Places) -> Result<PathBuf> {
    let root = Places::sources().join("../..");
    let folder = places.cache.join("ksi");
    let target = "x86_64-unknown-linux-gnu";
    run(Command::new("cargo")
        .current_dir(root)
        .args(["build", "--quiet", "--package", "ksi", "--bin", "ksi", "--target", target])
        .args(["--profile", "sandbox"])
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env("CARGO_TARGET_DIR", &folder))?;
    Ok(folder.join(target).join("sandbox/ksi"))
}

/// Nobody debugs these programs, and what a debugger needs takes the compiler a seventh of its time.
const WITHOUT_DWARF: &str = "-gcflags=all=-dwarf=false";

/// A program of one of our Go modules.
struct Go<'a> {
    name: &'a str,
    module: &'a str,
    package: &'a str,
    flags: &'a str,
}

impl Go<'_> {
    fn folder(&self) -> PathBuf {
        Places::sources().join(self.module)
    }

    /// Of everything that it is made from.
    fn hash(&self) -> Result<Vec<u8>> {
        let module = self.folder();
        let mut hash = Sha256::new();
        hash.update(self.flags);
        let mut files: Vec<_> = fs::read_dir(&module)
            .with_context(|| format!("cannot read {}", module.display()))?
            .collect::<Result<Vec<_>, _>>()?;
        files.sort_by_key(fs::DirEntry::file_name);
        for file in files {
            hash.update(file.file_name().as_encoded_bytes());
            hash.update(fs::read(file.path())?);
        }
        Ok(hash.finalize().to_vec())
    }

    fn build(&self, places: &Places) -> Result<PathBuf> {
        cached(places, self.name, &self.hash()?, |path| {
            run(Command::new("go")
                .current_dir(self.folder())
                .env("CGO_ENABLED", "0")
                .args(["build", "-trimpath", WITHOUT_DWARF, "-ldflags", self.flags, "-o"])
                .arg(path)
                .arg(self.package))
        })
    }
}

/// A program of somebody else's module, at one version.
fn install(places: &Places, name: &str, package: &str) -> Result<PathBuf> {
    cached(places, name, &Sha256::digest(package), |path| {
        let folder = path.with_extension("bin");
        run(Command::new("go").env("CGO_ENABLED", "0").env("GOBIN", &folder).args([
            "install",
            "-trimpath",
            WITHOUT_DWARF,
            "-ldflags",
            "-s -w",
            package,
        ]))?;
        fs::rename(folder.join(name), path)?;
        fs::remove_dir_all(folder)?;
        Ok(String::new())
    })
}

/// Where the cache has a program.
fn path(places: &Places, name: &str, hash: &[u8]) -> PathBuf {
    let short = hash.iter().take(6).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    places.cache.join("bin").join(format!("{name}-{short}"))
}

/// The program in the cache; built when it is not there. Others who want the same one wait.
fn cached(
    places: &Places,
    name: &str,
    hash: &[u8],
    build: impl FnOnce(&Path) -> Result<String>,
) -> Result<PathBuf> {
    let folder = places.cache.join("bin");
    fs::create_dir_all(&folder)?;
    let path = path(places, name, hash);
    if path.exists() {
        return Ok(path);
    }
    let lock = File::create(folder.join(format!("{name}.lock")))?;
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, error)| error)?;
    if !path.exists() {
        let part = folder.join(format!("{name}.part"));
        build(&part).with_context(|| format!("cannot build {name}"))?;
        fs::rename(&part, &path)?;
    }
    Ok(path)
}

/// Runs a program and gives what it printed.
///
/// # Errors
/// It cannot be started, or fails; the error has what it said.
pub fn run(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let out =
        command.output().with_context(|| format!("cannot run {program}: is it installed?"))?;
    if !out.status.success() {
        let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
        let said = String::from_utf8_lossy(&out.stderr);
        bail!("`{program} {}` failed ({}): {}", args.join(" "), out.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}
