//! Which images the sandbox has, what is in them, and which of them only play their part.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::archive::{self, Image, Layer};
use crate::builds::{self, Program, run};
use crate::places::Places;

/// What holds a pod's namespaces open.
pub const PAUSE: &str = "registry.k8s.io/pause:3.10";
/// DNS for Services.
pub const COREDNS: &str = "registry.k8s.io/coredns/coredns:v1.14.7";
/// The last part of the name of `KubeFed`'s image.
const KUBEFED: &str = "kubefed";
/// ksi itself. Nodes also have it by the name that its manifests give it.
pub const KSI: &str = "docker.io/kubesphere/ksi:sandbox";

/// The archives of one sandbox.
#[derive(Debug, Clone)]
pub struct Archives {
    /// What a node needs before it is ready.
    pub node: PathBuf,
    /// What ksi and its objects need.
    pub ksi: PathBuf,
}

/// An image that real nodes have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Its full name.
    pub name: String,
    /// Whether it is a stand-in for one that cannot be had.
    pub stand_in: bool,
}

/// Makes the archives, or finds them in the cache.
///
/// # Errors
/// A program cannot be built, or an archive not be written.
pub fn archives(places: &Places) -> Result<Archives> {
    let node = vec![
        image(PAUSE, Program::Pause.build(places)?, "/pause", &[], &["/pause"])?,
        image(COREDNS, Program::CoreDns.build(places)?, "/coredns", &[], &["/coredns"])?,
    ];
    let ksi = builds::ksi()?;
    let mut others = Vec::new();
    for name in [KSI, &own(&ksi)?] {
        others.push(image(name, ksi.clone(), "/bin/ksi", &[], &["/bin/ksi"])?);
    }
    for name in rendered(&ksi)? {
        others.extend(part(places, &name)?);
    }
    let archives =
        Archives { node: archive(places, "node", &node)?, ksi: archive(places, "ksi", &others)? };
    let known = node
        .iter()
        .chain(&others)
        .map(|image| Known { name: image.name.clone(), stand_in: stand_in(&image.name).is_some() });
    fs::write(list(places), serde_json::to_vec_pretty(&known.collect::<Vec<_>>())?)?;
    Ok(archives)
}

/// The images that real nodes got, as they were made last; none where none were.
///
/// # Errors
/// The list cannot be read.
pub fn known(places: &Places) -> Result<Vec<Known>> {
    let path = list(places);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot understand {}", path.display()))
}

/// The list of images beside their archives.
fn list(places: &Places) -> PathBuf {
    places.cache.join("images/list.json")
}

/// What `standin` is told to play for an image; `None` where there is no stand-in.
fn stand_in(name: &str) -> Option<&str> {
    match program(name) {
        "defaultbackend-amd64" => Some("default-http-backend"),
        word @ ("ks-apiserver" | "ks-controller-manager" | "ks-console" | "tower") => Some(word),
        _ => None,
    }
}

/// The last part of an image's name, without its tag.
fn program(name: &str) -> &str {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.split(':').next().unwrap_or(last)
}

/// Every image that ksi renders for one of its samples, by its full name.
fn rendered(ksi: &Path) -> Result<BTreeSet<String>> {
    let samples = Places::sources().join("../../samples");
    let mut names = BTreeSet::new();
    for sample in ["host.yaml", "member.yaml", "ha.yaml"] {
        let mut command = Command::new(ksi);
        let list = run(command.args(["images", "list", "-f"]).arg(samples.join(sample)))?;
        names.extend(list.lines().map(full_name));
    }
    Ok(names)
}

/// The image of ksi in its own manifests.
fn own(ksi: &Path) -> Result<String> {
    let manifests = run(Command::new(ksi).args(["manifests", "job"]))?;
    let image = manifests.lines().find_map(|line| line.trim().strip_prefix("image: "));
    image.map(full_name).context("ksi manifests job names no image")
}

/// As container runtimes complete a name: Docker Hub where no registry is named.
fn full_name(name: &str) -> String {
    match name.split_once('/') {
        None => format!("docker.io/library/{name}"),
        Some((first, _)) if first.contains(['.', ':']) => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
    }
}

/// The image of this name, if it can be made: from its sources, or as a stand-in.
fn part(places: &Places, name: &str) -> Result<Option<Image>> {
    const HYPERFED: &[&str] =
        &["/hyperfed/controller-manager", "/hyperfed/webhook", "/hyperfed/kubefedctl"];
    const NAMES: &[&str] = &["/bin/ks-apiserver", "/bin/controller-manager", "/proxy", "/agent"];
    if program(name) == KUBEFED {
        let program = Program::KubeFed.build(places)?;
        let path = "/hyperfed/hyperfed";
        return image(name, program, path, HYPERFED, &[path]).map(Some);
    }
    let Some(word) = stand_in(name) else { return Ok(None) };
    let program = Program::StandIns.build(places)?;
    image(name, program, "/bin/standin", NAMES, &["/bin/standin", word]).map(Some)
}

fn image(
    name: &str,
    program: PathBuf,
    path: &'static str,
    links: &'static [&'static str],
    entrypoint: &[&str],
) -> Result<Image> {
    let libraries = archive::libraries(&program)?;
    Ok(Image {
        name: name.to_owned(),
        layer: Layer { program, libraries, path, links },
        entrypoint: entrypoint.iter().map(|&word| word.to_owned()).collect(),
    })
}

/// The archive in the cache. Older ones of the same kind are removed: nothing refers to them.
fn archive(places: &Places, kind: &str, images: &[Image]) -> Result<PathBuf> {
    let folder = places.cache.join("images");
    fs::create_dir_all(&folder)?;
    // Sandboxes that start side by side want the same one.
    let lock = File::create(folder.join("lock"))?;
    let _lock = Flock::lock(lock, FlockArg::LockExclusive).map_err(|(_, error)| error)?;
    let path = folder.join(format!("{kind}-{}.tar", archive::hash(images)?));
    if !path.exists() {
        let before: Vec<_> = fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).collect();
        archive::write(images, &path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        let of_kind = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(kind))
        };
        for old in before.iter().filter(|path| of_kind(path)) {
            let _ = fs::remove_file(old);
        }
    }
    Ok(path)
}
