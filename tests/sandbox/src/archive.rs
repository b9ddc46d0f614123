//! Container images without Docker and without a registry: archives as `docker save` writes them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};

/// One program, what it is linked with, and the names under which it is found.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The program on this machine.
    pub program: PathBuf,
    /// Its shared libraries, at the same paths in the image. A static program has none.
    pub libraries: Vec<PathBuf>,
    /// Where it is in the image.
    pub path: &'static str,
    /// Other paths that lead to it: programs which look at their own name.
    pub links: &'static [&'static str],
}

/// An image of one layer.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its full name, with registry and tag.
    pub name: String,
    /// What is in it.
    pub layer: Layer,
    /// What runs when a pod names no command.
    pub entrypoint: Vec<String>,
}

/// What the archive would be made of, as a short hash.
///
/// # Errors
/// A program cannot be read.
pub fn hash(images: &[Image]) -> Result<String> {
    let mut hash = Sha256::new();
    for image in images {
        hash.update(format!("{image:?}\n"));
        for path in image.layer.libraries.iter().chain([&image.layer.program]) {
            let mut file =
                File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            io::copy(&mut file, &mut Hashing(&mut hash))?;
        }
    }
    Ok(hex(&hash.finalize())[..12].to_owned())
}

/// The shared libraries that a program of this machine is linked with, and what loads them.
///
/// # Errors
/// `ldd` cannot be run.
pub fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    // It fails for a static program, which has none.
    let out = Command::new("ldd").arg(program).output().context("cannot run ldd")?;
    let lines = String::from_utf8_lossy(&out.stdout).into_owned();
    let path =
        |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from);
    Ok(lines.lines().filter(|_| out.status.success()).filter_map(path).collect())
}

/// Writes an archive with all of them. Images with the same program share its layer.
///
/// # Errors
/// A program cannot be read, or the archive not be written.
pub fn write(images: &[Image], to: &Path) -> Result<()> {
    let part = to.with_extension("part");
    let mut archive = Builder::new(File::create(&part)?);
    let mut written = BTreeSet::new();
    let mut manifest = Vec::new();
    for image in images {
        let layer = pack(&image.layer)?;
        let digest = hex(&Sha256::digest(&layer));
        let path = format!("{digest}/layer.tar");
        if written.insert(digest.clone()) {
            add(&mut archive, &path, EntryType::Regular, 0o644, &layer)?;
        }
        let config = config(image, &digest).to_string();
        let config_path = format!("{}.json", hex(&Sha256::digest(&config)));
        if written.insert(config_path.clone()) {
            add(&mut archive, &config_path, EntryType::Regular, 0o644, config.as_bytes())?;
        }
        manifest.push(json!({"Config": config_path, "RepoTags": [image.name], "Layers": [path]}));
    }
    let manifest = Value::from(manifest).to_string();
    add(&mut archive, "manifest.json", EntryType::Regular, 0o644, manifest.as_bytes())?;
    archive.into_inner()?;
    fs::rename(part, to)?;
    Ok(())
}

fn config(image: &Image, digest: &str) -> Value {
    json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {"Entrypoint": image.entrypoint, "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{digest}")]},
        "history": [{"created_by": "ksi sandbox"}],
    })
}

/// The layer as a tar: the program, its libraries and links, and a writable `/tmp`.
fn pack(layer: &Layer) -> Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    let mut folders = BTreeSet::new();
    let libraries = layer.libraries.iter().filter_map(|path| path.to_str());
    let paths = layer.links.iter().copied().chain([layer.path]).chain(libraries);
    for path in paths {
        let parents = Path::new(path.trim_start_matches('/')).ancestors().skip(1);
        folders.extend(parents.filter_map(Path::to_str).filter(|path| !path.is_empty()));
    }
    for folder in folders {
        add(&mut tar, folder, EntryType::Directory, 0o755, &[])?;
    }
    add(&mut tar, "tmp", EntryType::Directory, 0o1777, &[])?;
    let libraries = layer.libraries.iter().map(|path| (path.as_path(), path.as_path()));
    for (file, path) in libraries.chain([(layer.program.as_path(), Path::new(layer.path))]) {
        let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let path = path.to_string_lossy();
        add(&mut tar, path.trim_start_matches('/'), EntryType::Regular, 0o755, &content)?;
    }
    for link in layer.links {
        let mut header = header(EntryType::Symlink, 0o777, 0);
        tar.append_link(&mut header, link.trim_start_matches('/'), layer.path)?;
    }
    Ok(tar.into_inner()?)
}

fn add<W: io::Write>(
    tar: &mut Builder<W>,
    path: &str,
    kind: EntryType,
    mode: u32,
    content: &[u8],
) -> Result<()> {
    let mut header = header(kind, mode, content.len());
    tar.append_data(&mut header, path, content)?;
    Ok(())
}

/// No time and no owner: the same programs give the same bytes.
fn header(kind: EntryType, mode: u32, size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size as u64);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Everything that is written goes into the hash.
struct Hashing<'a>(&'a mut Sha256);

impl io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
