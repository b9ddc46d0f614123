//! A directory of manifests: one file per object, for `kubectl apply -f PATH --recursive` and GitOps.
//!
//! ```text
//! PATH/00-namespaces/namespace_kubesphere-system.yaml     see `layout`
//! PATH/.ksi               0700: other users of the machine may not put anything there
//! PATH/.ksi/.gitignore    nothing below is for version control
//! PATH/.ksi/values        generated secrets, 0600
//! PATH/.ksi/inventory     what ksi owns here, with the key of its fingerprints, 0600
//! PATH/.ksi/lock          held while a run writes
//! PATH/.ksi/staging/      files until the commit
//! ```
//!
//! Everything is written to the staging folder first and renamed by the commit: a full disk is found
//! before the first manifest changes, a kill leaves whole files, and the next run finishes. Files that
//! ksi did not write are never touched. Names below `.ksi` have no end that kubectl reads.

mod changes;
mod disk;
mod layout;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::{
    Effect, Error, ErrorKind, Finding, Monitor, NewKind, Observation, Reader, Store, Write, Writer,
    Written,
};
use crate::health::Cause;
use crate::inventory::Inventory;
use crate::object::{Contents, Held, Object, ObjectId};
use crate::values::StoredValues;
use crate::yaml;
use changes::Changes;
use disk::{Disk, OWN, PRIVATE, PUBLIC, RESTORE, STAGING, shown};

const IGNORED: &str = "# Generated secrets, and the key of the inventory: do not delete them, and do not put them into version control.\n*\n";

/// A process that is being started briefly has the files of its parent open, including the lock of a run that
/// has ended.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Manifests in a directory.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    disk: Disk,
    run: Mutex<Option<Run>>,
}

/// What exists while the lock is held.
#[derive(Debug)]
struct Run {
    changes: Changes,
    /// Unlocked by the kernel when it is closed, also when the process is killed.
    _lock: File,
}

impl Directory {
    /// The directory at a path, which need not exist yet. Nothing is read or written.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), disk: Disk::default(), run: Mutex::default() }
    }

    /// The same with a hook that is called before each change to the file system. If it fails, the change fails
    /// with its error.
    #[must_use]
    pub fn with_hook(self, hook: impl Fn() -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self { disk: Disk::with_hook(hook), ..self }
    }

    /// The path of an object's file.
    pub fn path_of(&self, id: &ObjectId) -> PathBuf {
        self.root.join(layout::path(id))
    }

    fn own(&self, name: &str) -> PathBuf {
        self.root.join(OWN).join(name)
    }

    /// Whether the directory exists. It is an error if a folder is a link or a file.
    fn check(&self) -> Result<bool, Error> {
        match std::fs::metadata(&self.root) {
            Ok(found) if found.is_dir() => {
                for folder in layout::folders().chain([OWN]) {
                    disk::is_directory("read", &self.root.join(folder))?;
                }
                Ok(true)
            }
            Ok(_) => Err(Error::new(
                ErrorKind::InTheWay,
                "read",
                shown(&self.root),
                "it is a file, not a directory",
                "choose another directory, or move the file away",
            )),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::io("read", shown(&self.root), &error)),
        }
    }

    /// The manifests of these objects.
    fn manifests<'i>(
        &self,
        ids: impl IntoIterator<Item = &'i ObjectId>,
    ) -> Result<BTreeMap<ObjectId, Value>, Error> {
        if !self.check()? {
            return Ok(BTreeMap::new());
        }
        let read = |id: &ObjectId| {
            let body = manifest::read(&self.path_of(id), id)?;
            Ok(body.map(|body| (id.clone(), body)))
        };
        ids.into_iter().filter_map(|id| read(id).transpose()).collect()
    }

    /// The content of a file below `.ksi`.
    fn load(&self, name: &str) -> Result<Option<Value>, Error> {
        if !self.check()? {
            return Ok(None);
        }
        let path = self.own(name);
        let Some(text) = disk::read_own(&path)? else { return Ok(None) };
        let mut documents = manifest::documents(&path, text)?;
        match (documents.pop(), documents.len()) {
            (Some(document), 0) => Ok(Some(document)),
            _ => Err(self.damaged(name, "it is empty or contains several documents")),
        }
    }

    fn damaged(&self, name: &str, cause: impl Into<String>) -> Error {
        Error::new(ErrorKind::Damaged, "read", shown(&self.own(name)), cause, RESTORE)
    }

    fn store(&self, name: &str, content: &impl Serialize) -> Result<(), Error> {
        let mut run = self.run();
        let run = locked_run(run.as_mut(), &self.root)?;
        let (staging, path) = (self.own(STAGING), self.own(name));
        run.changes.put(&self.disk, &staging, path, &yaml::emit(content), PRIVATE)
    }

    fn run(&self) -> MutexGuard<'_, Option<Run>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there are manifests with stored values.
    fn has_secrets(&self) -> Result<bool, Error> {
        if disk::is_file("read", &self.own("inventory"))? {
            return Ok(true);
        }
        let folder = self.root.join(layout::SECRETS);
        Ok(disk::names(&folder)?.iter().any(|name| name.starts_with("secret_")))
    }

    fn begin(&self) -> Result<Run, Error> {
        self.disk.make_root(&self.root)?;
        self.check()?;
        self.disk.make_private(&self.root.join(OWN))?;
        let path = self.own("lock");
        let lock = lock(&path, self.disk.open_lock(&path)?)?;
        self.disk.clear(&self.own(STAGING))?;
        let mut changes = Changes::default();
        let ignore = self.own(".gitignore");
        if !disk::is_file("write", &ignore)? {
            changes.put(&self.disk, &self.own(STAGING), ignore, IGNORED, PUBLIC)?;
        }
        Ok(Run { changes, _lock: lock })
    }
}

fn locked_run<'r>(run: Option<&'r mut Run>, root: &Path) -> Result<&'r mut Run, Error> {
    let missing =
        || Error::new(ErrorKind::Locked, "write", shown(root), "the lock is not held", "");
    run.ok_or_else(missing)
}

/// Takes the kernel's lock on the file, and writes into it who has it.
fn lock(path: &Path, mut file: File) -> Result<File, Error> {
    let mut answer = file.try_lock();
    for _ in 0..LOCK_TRIES {
        if !matches!(answer, Err(TryLockError::WouldBlock)) {
            break;
        }
        std::thread::sleep(LOCK_PAUSE);
        answer = file.try_lock();
    }
    match answer {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let process =
                holder.trim().parse::<u32>().map_or(String::new(), |p| format!(" (process {p})"));
            let cause = format!("another run of ksi{process} is writing to this directory");
            let help = "wait until it ends, or stop it, then run again";
            return Err(Error::new(ErrorKind::Locked, "lock", shown(path), cause, help));
        }
        Err(TryLockError::Error(error)) => return Err(Error::io("lock", shown(path), &error)),
    }
    // For people only: a full disk or a stale number does no harm.
    let _ = file.set_len(0);
    let _ = writeln!(file, "{}", std::process::id());
    Ok(file)
}

impl Reader for Directory {
    fn place(&self) -> String {
        shown(&self.root)
    }

    async fn observe(
        &self,
        desired: &[Object],
        inventory: Option<&Inventory>,
    ) -> Result<Observation, Error> {
        let objects = self.manifests(super::ids(desired, inventory))?;
        Ok(Observation { objects, ..Observation::default() })
    }

    async fn read(&self, ids: &[ObjectId]) -> Result<BTreeMap<ObjectId, Value>, Error> {
        self.manifests(ids)
    }

    async fn instances(&self, _: &[ObjectId]) -> Result<BTreeMap<ObjectId, Vec<ObjectId>>, Error> {
        Ok(BTreeMap::new())
    }

    async fn contents(&self, _: &[&str]) -> Result<Contents, Error> {
        Ok(Contents::default())
    }

    async fn held(&self, _: &[ObjectId]) -> Result<Vec<Held>, Error> {
        Ok(Vec::new())
    }

    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Store for Directory {
    async fn values(&self) -> Result<StoredValues, Error> {
        match self.load("values")? {
            // serde's own message could quote a value.
            Some(values) => serde_json::from_value(values)
                .map_err(|_| self.damaged("values", "it is not a map of strings")),
            // The values are lost, but objects contain them: new values would change every secret.
            None if self.has_secrets()? => Err(Error::new(
                ErrorKind::Damaged,
                "read",
                shown(&self.own("values")),
                "the generated secrets are missing, but there are manifests with them",
                "copy `.ksi` from where this directory was written before; or delete `.ksi` and the \
                 Secrets in the directory to generate new secrets",
            )),
            None => Ok(StoredValues::default()),
        }
    }

    async fn inventory(&self) -> Result<Option<Inventory>, Error> {
        let Some(stored) = self.load("inventory")? else { return Ok(None) };
        let place = shown(&self.own("inventory"));
        Inventory::from_json(stored).map(Some).map_err(|error| Error::inventory(place, &error))
    }

    async fn store_values(&self, values: &StoredValues) -> Result<(), Error> {
        self.store("values", values)
    }

    async fn record(&self, inventory: &Inventory) -> Result<(), Error> {
        self.store("inventory", inventory)
    }

    async fn forget(&self) -> Result<(), Error> {
        let mut run = self.run();
        let run = locked_run(run.as_mut(), &self.root)?;
        // The inventory first: an inventory without values looks like lost values.
        for name in ["inventory", "values", ".gitignore"] {
            run.changes.remove(self.own(name))?;
        }
        run.changes.commit(&self.disk)
    }
}

impl Writer for Directory {
    async fn lock(&self) -> Result<Vec<ObjectId>, Error> {
        let mut run = self.run();
        if run.is_none() {
            *run = Some(self.begin()?);
        }
        Ok(Vec::new())
    }

    async fn write(&self, write: Write<'_>) -> Result<Written, Error> {
        let mut run = self.run();
        let run = locked_run(run.as_mut(), &self.root)?;
        let (path, text) = (self.path_of(write.id), yaml::emit(write.body));
        run.changes.put(
            &self.disk,
            &self.own(STAGING),
            path,
            &text,
            manifest::mode(write.id, write.body),
        )?;
        Ok(Written::plain(Effect::HeldBack))
    }

    async fn delete(&self, id: &ObjectId) -> Result<Effect, Error> {
        let mut run = self.run();
        locked_run(run.as_mut(), &self.root)?.changes.remove(self.path_of(id))?;
        Ok(Effect::HeldBack)
    }

    async fn remove_finalizers(&self, _: &Held) -> Result<(), Error> {
        Ok(())
    }

    async fn replace(&self, id: &ObjectId, _: &str) -> Result<(), Error> {
        self.delete(id).await.map(|_| ())
    }

    async fn commit(&self) -> Result<(), Error> {
        let mut run = self.run();
        locked_run(run.as_mut(), &self.root)?.changes.commit(&self.disk)
    }

    async fn release(&self) {
        self.abandon();
    }

    fn abandon(&self) {
        let mut run = self.run();
        if run.is_some() {
            // If this fails, the next run cleans up.
            let _ = self.disk.clear(&self.own(STAGING));
            *run = None;
        }
    }
}

impl Monitor for Directory {
    fn runs_workloads(&self) -> bool {
        false
    }

    async fn live(&self, _: &[ObjectId]) -> Result<BTreeMap<ObjectId, Value>, Error> {
        Ok(BTreeMap::new())
    }

    async fn is_stopped(&self, _: &ObjectId) -> Result<bool, Error> {
        Ok(true)
    }

    async fn changed(&self, _: &[ObjectId]) {
        std::future::pending::<()>().await;
    }

    async fn unserved(&self, _: &[NewKind]) -> Result<BTreeSet<ObjectId>, Error> {
        Ok(BTreeSet::new())
    }

    async fn probe(&self, _: &Object) -> Result<Result<(), String>, Error> {
        Ok(Ok(()))
    }

    async fn causes(&self, _: &[&Value]) -> BTreeMap<ObjectId, Cause> {
        BTreeMap::new()
    }

    async fn diagnose(&self, _: &ObjectId) -> Vec<Finding> {
        Vec::new()
    }
}
