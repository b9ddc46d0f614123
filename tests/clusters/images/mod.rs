//! `ksi images copy` and `rescue` with real registries and a real node.

mod faults;
mod node;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandbox::archive::{self, Image, Layer};
use sandbox::builds::Program;
use sandbox::places::Places;
use sandbox::registry::{PASSWORD, Registry, USER};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::installed::Said;

/// An archive as `docker save` writes it, with a small program under these names.
fn saved(folder: &Path, program: Program, names: &[&str]) -> PathBuf {
    let program = program.build(&Places::from_env().unwrap()).unwrap();
    let image = |name: &&str| Image {
        name: (*name).to_owned(),
        layer: Layer {
            program: program.clone(),
            libraries: Vec::new(),
            path: "/program",
            links: &[],
        },
        entrypoint: vec!["/program".to_owned()],
    };
    let images: Vec<_> = names.iter().map(image).collect();
    let path = folder.join(format!("{}.tar", names[0].replace(['/', ':'], "-")));
    archive::write(&images, &path).unwrap();
    path
}

/// A machine with ksi, without a cluster.
struct Desk {
    folder: TempDir,
    authorities: String,
    auths: BTreeMap<String, Value>,
    plain: Vec<String>,
}

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self { folder, authorities: String::new(), auths: BTreeMap::new(), plain: Vec::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Trusts a registry and what stands before it, and can log in there.
    fn knows(&mut self, registry: &Registry, address: &str, authority: Option<&Path>) {
        match authority.map(Path::to_owned).or_else(|| registry.authority()) {
            Some(path) => self.authorities += &fs::read_to_string(path).unwrap(),
            None => self.plain.push(address.to_owned()),
        }
        let login = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        self.auths.insert(address.to_owned(), json!({"auth": login}));
    }

    /// ksi with the words of a line, and the flags for the registries.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ksi"));
        command.args(line.split_whitespace()).current_dir(self.folder.path());
        command.args(self.flags()).env("HOME", self.folder.path()).env_remove("DOCKER_CONFIG");
        command
    }

    fn flags(&self) -> Vec<String> {
        let config = self.path("docker.json");
        fs::write(&config, json!({"auths": self.auths}).to_string()).unwrap();
        let mut flags = vec![format!("--registry-config={}", config.display())];
        if !self.authorities.is_empty() {
            let file = self.path("authorities.pem");
            fs::write(&file, &self.authorities).unwrap();
            flags.push(format!("--registry-ca-file={}", file.display()));
        }
        flags.extend(self.plain.iter().map(|address| format!("--plain-http={address}")));
        flags
    }

    fn ksi(&self, line: &str) -> Said {
        Said::of(self.command(line).output().unwrap())
    }

    /// The results of a copy.
    fn copied(&self, line: &str) -> Vec<Value> {
        let said = self.ksi(&format!("{line} -o json")).expect(0);
        let all: Value = serde_json::from_str(&said.out).unwrap();
        all.as_array().unwrap().clone()
    }
}

/// The number of bytes that a copy sent.
fn sent(copied: &[Value]) -> u64 {
    copied.iter().map(|one| one["sentBytes"].as_u64().unwrap()).sum()
}
