//! A small installation: enough objects for every kind of change, made from real values.

use std::collections::BTreeMap;
use std::future::Future;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ksi::engine::{self, Desired, Event, Graph, Options, Planned, Stop};
use ksi::inventory::{Inventory, Key};
use ksi::object::{Object, ObjectId, Policy};
use ksi::plan::Summary;
use ksi::target::{self, Directory, Target};
use ksi::values::{self, Entropy, EntropyError, Given, KeyKind, StoredValues};
use serde_json::{Value, json};

use crate::engine::doubles::Faults;

/// Randomness that differs from run to run, so that a value generated twice is noticed, with keys from
/// files, since making RSA keys takes long.
pub(super) struct Seeded(u64);

impl Seeded {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
}

impl Entropy for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            *byte = self.0.to_le_bytes()[5];
        }
        Ok(())
    }

    fn key(&mut self, kind: KeyKind) -> Result<String, EntropyError> {
        let mut byte = [0];
        self.fill(&mut byte)?;
        let name = match kind {
            KeyKind::Rsa2048 => format!("rsa-{}.pem", byte[0] % 2 + 1),
            KeyKind::EcdsaP256 => format!("ecdsa-{}.pem", byte[0] % 4 + 1),
        };
        let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keys");
        std::fs::read_to_string(keys.join(name)).map_err(|e| EntropyError(e.to_string()))
    }
}

pub(super) fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// A directory whose changes are counted and go wrong by script.
pub(super) fn scripted(root: impl Into<PathBuf>, faults: Faults) -> (Directory, Arc<Faults>) {
    let faults = Arc::new(faults);
    let script = Arc::clone(&faults);
    (Directory::new(root).with_hook(move || script.step()), faults)
}

/// Runs a future that never waits for anything but the disk.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(super) fn object(api_version: &str, kind: &str, name: &str, rest: Value) -> Object {
    let mut body = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
    if !["Namespace", "ClusterRole", "User"].contains(&kind) {
        body["metadata"]["namespace"] = json!("kubesphere-system");
    }
    let Value::Object(rest) = rest else { panic!("a mapping") };
    body.as_object_mut().unwrap().extend(rest);
    let id = ObjectId::of(&body).unwrap();
    Object { id, component: "ks-core".into(), policy: Policy::Apply, body }
}

/// The objects of version `a` or `b` of an installation.
pub(super) fn objects(version: char, values: &values::Values) -> Vec<Object> {
    let encoded = |text: &str| STANDARD.encode(text);
    let mut objects = vec![
        object("v1", "Namespace", "kubesphere-system", json!({})),
        object(
            "v1",
            "Secret",
            "kubesphere-secret",
            json!({"data": {
            "secret": encoded(&values.jwt_secret.text), "token": encoded(&values.static_token.text)}}),
        ),
        object(
            "v1",
            "Secret",
            "tower-ca",
            json!({"data": {
            "tls.crt": encoded(&values.tower_ca.certificate), "tls.key": encoded(&values.tower_ca.key)}}),
        ),
        object(
            "v1",
            "ConfigMap",
            "settings",
            json!({"data": {"version": version.to_string(),
            "script": "#!/bin/sh\necho yes\n", "on": "no"}}),
        ),
        object(
            "iam.kubesphere.io/v1alpha2",
            "User",
            "admin",
            json!({"spec": {
            "email": "admin@kubesphere.io", "password": values.admin_password_hash.text}}),
        ),
    ];
    if version == 'a' {
        objects.push(object("v1", "Service", "old", json!({"spec": {"ports": [{"port": 80}]}})));
    } else {
        objects.push(object("apps/v1", "Deployment", "new", json!({"spec": {"replicas": 1}})));
    }
    objects
}

pub(super) fn resolve(kept: &StoredValues, seed: u64) -> (values::Values, StoredValues) {
    let given = Given { tower: true, kubefed: true, ..Given::default() };
    values::resolve(&given, kept, &mut Seeded::new(seed), now()).unwrap()
}

pub(super) fn options(seed: u64) -> Options {
    let mut key = [0; 32];
    Seeded::new(seed).fill(&mut key).unwrap();
    Options::new(Inventory::new(Key::new(key), "0.1.0"), Graph::default())
}

/// Plans one of the versions.
pub(super) fn plan(
    target: &impl Target,
    version: char,
    seed: u64,
) -> Result<Planned, target::Error> {
    wait(async {
        let stored = target.values().await?;
        let (values, all) = resolve(&stored, seed);
        let objects = objects(version, &values);
        let desired = Desired { objects, values: all, spec_hash: version.to_string() };
        engine::plan(target, stored, desired, &options(seed)).await
    })
}

/// Executes a plan.
pub(super) fn apply(
    target: &impl Target,
    planned: &Planned,
    seed: u64,
    report: &mut dyn FnMut(Event),
) -> Result<Summary, engine::Error> {
    wait(engine::apply(target, planned, &options(seed), &Stop::default(), report))
}

/// A run with its events.
pub(super) fn run_with(
    target: &impl Target,
    version: char,
    seed: u64,
) -> (Result<Summary, engine::Error>, Vec<Event>) {
    let mut events = Vec::new();
    let answer = match plan(target, version, seed) {
        Ok(planned) => apply(target, &planned, seed, &mut |event| events.push(event)),
        Err(error) => Err(error.into()),
    };
    (answer, events)
}

pub(super) fn run(
    target: &impl Target,
    version: char,
    seed: u64,
) -> Result<Summary, engine::Error> {
    run_with(target, version, seed).0
}

/// Everything about every entry below a path that a write would change.
pub(super) fn tree(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()).chain([folder.clone()]) {
            let meta = std::fs::symlink_metadata(&path).unwrap();
            let text = if meta.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
            if meta.is_dir() && path != folder {
                folders.push(path.clone());
            }
            let (seconds, nanos) = (meta.mtime(), meta.mtime_nsec());
            let text = String::from_utf8_lossy(&text).into_owned();
            let mode = meta.permissions().mode();
            found.insert(path, format!("{mode:o} {} {seconds}.{nanos} {text}", meta.ino()));
        }
    }
    found
}

/// The manifests and their texts.
pub(super) fn manifests(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for folder in std::fs::read_dir(root).into_iter().flatten().map(|entry| entry.unwrap().path()) {
        if folder.file_name().is_some_and(|name| name == ".ksi") || !folder.is_dir() {
            continue;
        }
        for path in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            found.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
    found
}

pub(super) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
