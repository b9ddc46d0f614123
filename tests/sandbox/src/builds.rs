//! Programs made from Go modules and from ksi's own sources, built once and kept by what they are made of.

use std::env;
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
        known.with_context(|| format!("unsupported Kubernetes version {text}: use 1.34 or 1.36"))
    }
}

/// A Go program that clusters are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// etcd, control plane, kubelet, kube-proxy and kubectl in one binary; its first word says which.
    Kubernetes(Release),
    /// `KubeFed` 0.10: controller manager, webhook and kubefedctl.
    KubeFed,
    /// DNS for Services.
    CoreDns,
    /// Stand-ins for the images that cannot be built here.
    StandIns,
    /// What holds a pod's namespaces open.
    Pause,
    /// Nodes without kubelets, for images that cannot be had.
    Kwok,
    /// distribution, the registry that most private ones are.
    Registry,
    /// What others copy images with, for the bench alone.
    Crane,
}

impl Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubernetes(release) => write!(f, "Kubernetes {release}"),
            Self::KubeFed => f.write_str("KubeFed"),
            Self::CoreDns => f.write_str("CoreDNS"),
            Self::StandIns => f.write_str("the stand-in images"),
            Self::Pause => f.write_str("the pause image"),
            Self::Kwok => f.write_str("kwok"),
            Self::Registry => f.write_str("the registry"),
            Self::Crane => f.write_str("crane"),
        }
    }
}

impl Program {
    /// The program in the cache; built when it is not there.
    ///
    /// # Errors
    /// It cannot be built.
    pub fn build(self, places: &Places) -> Result<PathBuf> {
        cached(places, &self.name(), &self.hash()?, |path| match self.published() {
            Some(package) => install(path, &self.name(), package),
            None => run(go()
                .current_dir(self.folder())
                .args(["build", "-trimpath", WITHOUT_DWARF, "-ldflags", &self.flags(), "-o"])
                .arg(path)
                .arg(self.package())),
        })
    }

    /// Whether it is in the cache: nothing is needed to build it then.
    ///
    /// # Errors
    /// Its sources cannot be read.
    pub fn is_built(self, places: &Places) -> Result<bool> {
        Ok(path(places, &self.name(), &self.hash()?).exists())
    }

    /// How long a build usually takes on an idle machine of two cores, with its download: Kubernetes is built beside
    /// the others.
    pub fn usual_time(self) -> &'static str {
        match self {
            Self::Kubernetes(_) => "8 min",
            Self::KubeFed | Self::CoreDns => "2 min",
            Self::Kwok | Self::Registry | Self::Crane => "1 min",
            Self::StandIns | Self::Pause => "5 s",
        }
    }

    /// The begin of its file's name in the cache.
    fn name(self) -> String {
        match self {
            Self::Kubernetes(release) => format!("kubernetes-{release}"),
            Self::KubeFed => "kubefed".to_owned(),
            Self::CoreDns => "coredns".to_owned(),
            Self::StandIns => "standin".to_owned(),
            Self::Pause => "pause".to_owned(),
            Self::Kwok => "kwok".to_owned(),
            Self::Registry => "registry".to_owned(),
            Self::Crane => "crane".to_owned(),
        }
    }

    /// The package and its version, for a program that is built as its own module has it.
    fn published(self) -> Option<&'static str> {
        match self {
            Self::Kwok => Some(KWOK),
            Self::Crane => Some(CRANE),
            _ => None,
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::KubeFed => "sigs.k8s.io/kubefed/cmd/hyperfed",
            _ => ".",
        }
    }

    /// For the linker.
    fn flags(self) -> String {
        let Self::Kubernetes(release) = self else { return "-s -w".to_owned() };
        let component = "k8s.io/component-base/version";
        format!(
            "-s -w -X {component}.gitVersion=v{} -X {component}.gitMajor=1 -X {component}.gitMinor={}",
            release.version(),
            release.minor()
        )
    }

    /// Its Go module.
    fn folder(self) -> PathBuf {
        let module = match self {
            Self::Kubernetes(release) => format!("kubernetes/{release}"),
            _ => self.name(),
        };
        Places::sources().join(module)
    }

    /// Of everything that it is made from.
    fn hash(self) -> Result<Vec<u8>> {
        if let Some(package) = self.published() {
            return Ok(Sha256::digest(package).to_vec());
        }
        let module = self.folder();
        let mut hash = Sha256::new();
        hash.update(self.flags());
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
}

const KWOK: &str = "sigs.k8s.io/kwok/cmd/kwok@v0.8.0";
const CRANE: &str = "github.com/google/go-containerregistry/cmd/crane@v0.22.1";
const KWOK_MODULE: &str = "sigs.k8s.io/kwok@v0.8.0";

/// How kwok's nodes and pods behave: without these files it does nothing.
///
/// # Errors
/// The module cannot be had.
pub fn kwok_stages() -> Result<Vec<PathBuf>> {
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

/// ksi itself, by the profile that this program was built with: what both depend on is compiled once.
///
/// # Errors
/// It cannot be built.
pub fn ksi() -> Result<PathBuf> {
    let own = env::current_exe().context("cannot find this program's own file")?;
    // Tests are in a folder below.
    let folder = own.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    let folder = folder.context("this program is in no folder")?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let profile = if name == "debug" { "dev" } else { &*name };
    let target = folder.parent().context("this program is in no target folder")?;
    run(Command::new("cargo")
        .current_dir(Places::sources().join("../.."))
        // Not `--package ksi`, which would compile some dependencies again, with fewer features.
        .args(["build", "--quiet", "--bin", "ksi", "--profile", profile])
        .env("CARGO_TARGET_DIR", target)
        // Who measures tests sets it, and cargo would compile everything again.
        .env_remove("RUSTC_BOOTSTRAP"))?;
    Ok(folder.join("ksi"))
}

/// A build without cgo. The compiler collects its own garbage less often than a service would: it lives for
/// seconds, and a fifth of its time goes there.
fn go() -> Command {
    let mut go = Command::new("go");
    go.env("CGO_ENABLED", "0");
    if env::var_os("GOGC").is_none() {
        go.env("GOGC", "400");
    }
    go
}

/// Nobody debugs these programs, and what a debugger needs takes the compiler a seventh of its time.
const WITHOUT_DWARF: &str = "-gcflags=all=-dwarf=false";

/// A program of somebody else's module, at one version.
fn install(path: &Path, name: &str, package: &str) -> Result<String> {
    let folder = path.with_extension("bin");
    run(go().env("GOBIN", &folder).args([
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
/// It cannot be started, or fails; the error has its standard error.
pub fn run(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let out =
        command.output().with_context(|| format!("cannot run {program}: is it installed?"))?;
    if !out.status.success() {
        let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy()).collect();
        let errors = String::from_utf8_lossy(&out.stderr);
        bail!("`{program} {}` failed ({}): {}", args.join(" "), out.status, errors.trim());
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}
