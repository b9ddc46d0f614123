//! What goes wrong with registries, and what becomes of a copy.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sandbox::builds::Program;
use sandbox::proxy::{Fault, FaultProxy, Gate, Match, Nth, Rule};
use sandbox::registry::{Registry, Wish};
use sandbox::requirements::is_root;

use super::{Desk, saved, sent};
use crate::installed::Said;

const NAMES: [&str; 2] = ["docker.io/kubesphere/one:1", "docker.io/kubesphere/two:1"];

/// A registry with images, one without, and a proxy before each.
struct Rig {
    desk: Desk,
    from: FaultProxy,
    to: FaultProxy,
    full: Registry,
    empty: Registry,
}

impl Rig {
    fn start() -> Option<Self> {
        let mut desk = Desk::new();
        let full = Registry::start(Wish { login: true, ..Wish::default() }).unwrap()?;
        let empty = Registry::start(Wish { login: true, ..Wish::default() }).unwrap()?;
        let mut proxy = |registry: &Registry, name: &str| {
            let authority = registry.authority().unwrap();
            let folder = desk.path(name);
            let proxy = FaultProxy::start_before(&registry.url(), &authority, &folder).unwrap();
            let address = proxy.address().to_string();
            desk.knows(registry, &address, Some(&proxy.authority()));
            proxy
        };
        let (from, to) = (proxy(&full, "from"), proxy(&empty, "to"));
        let archive = saved(desk.folder.path(), Program::Registry, &NAMES);
        desk.knows(&full, &full.address(), None);
        desk.knows(&empty, &empty.address(), None);
        let line = format!(
            "images copy --from docker-archive:{} --to {}",
            archive.display(),
            full.address()
        );
        assert!(sent(&desk.copied(&line)) > 20_000_000);
        Some(Self { desk, from, to, full, empty })
    }

    fn line(&self) -> String {
        let names = NAMES.map(|name| name.trim_start_matches("docker.io/")).join(" ");
        format!("images copy {names} --from {} --to {}", self.from.address(), self.to.address())
    }

    fn start_copy(&self, line: &str) -> Child {
        let mut command = self.desk.command(line);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn quiet(&self) {
        self.from.set([]);
        self.to.set([]);
    }
}

fn blobs() -> Match {
    Match::methods(&["GET"]).contains("/blobs/")
}

#[test]
fn faults_of_registries() {
    let Some(rig) = Rig::start() else { return };
    strangers_are_refused(&rig);
    passing_faults_are_overcome(&rig);
    what_is_wrong_is_not_copied(&rig);
    a_registry_starts_again_in_the_middle(&rig);
    an_interrupted_copy_leaves_nothing_half(&rig);
    a_full_disk_is_told(&rig);
}

fn strangers_are_refused(rig: &Rig) {
    let (to, mut nobody) = (rig.empty.address(), Desk::new());
    let archive = saved(nobody.folder.path(), Program::Pause, &["docker.io/a/pause:1"]);
    let line = format!("images copy --from docker-archive:{} --to {to}", archive.display());
    let said = nobody.ksi(&line).expect(7);
    assert!(said.err.contains("certificate") && said.err.contains("help:"), "{}", said.err);
    nobody.knows(&rig.empty, &to, None);
    nobody.auths.clear();
    // Others may have a login for a part of the registry alone: each image says what it lacks.
    let said = nobody.ksi(&line).expect(4);
    assert!(said.err.contains("credentials"), "{}", said.err);
}

fn passing_faults_are_overcome(rig: &Rig) {
    rig.from.set([
        Rule::new(Match::any(), Nth::First(2), Fault::Status { code: 429, retry_after: Some(1) }),
        Rule::new(blobs(), Nth::Only(1), Fault::Truncate),
        Rule::new(blobs(), Nth::Only(3), Fault::ResetBefore),
    ]);
    rig.to.set([
        Rule::new(Match::methods(&["PATCH"]), Nth::Only(1), Fault::ResetAfter),
        Rule::new(
            Match::methods(&["PUT"]),
            Nth::Only(1),
            Fault::Status { code: 503, retry_after: None },
        ),
    ]);
    let first = rig.desk.copied(&rig.line());
    assert!((20_000_000..60_000_000).contains(&sent(&first)), "the layer is sent once: {first:?}");
    rig.quiet();
    let second = rig.desk.copied(&rig.line());
    assert_eq!(sent(&second), 0);
    // A repository that is new takes the layer from another one.
    rig.to.forget();
    let other = rig.line().replace("kubesphere/two:1", "").replace("--to ", "--to docker://");
    let third = rig.desk.copied(&(other + "/mirror"));
    assert!(sent(&third) > 0, "{third:?}");
}

fn what_is_wrong_is_not_copied(rig: &Rig) {
    rig.empty.clear().unwrap();
    rig.empty.restart().unwrap();
    rig.from.set([Rule::new(blobs(), Nth::All, Fault::Corrupt)]);
    let said = rig.desk.ksi(&rig.line()).expect(4);
    assert!(said.err.contains("something else: sha256:"), "{}", said.err);
    assert!(said.err.contains("2 images not copied"), "{}", said.err);
    // The login there would be right, and what is asked for does not exist.
    let elsewhere =
        format!("https://{}/v2/kubesphere/one/blobs/sha256:{}", rig.full.address(), "0".repeat(64));
    rig.from.set([Rule::new(blobs(), Nth::All, Fault::Redirect(elsewhere))]);
    let said = rig.desk.ksi(&rig.line()).expect(4);
    assert!(
        said.err.contains("authentication required"),
        "no login follows a redirect: {}",
        said.err
    );
    rig.from.set([]);
    // Allowed to log in, but not to write.
    let uploads = Match::methods(&["POST"]).contains("/uploads/");
    rig.to.set([Rule::new(uploads, Nth::All, Fault::Status { code: 403, retry_after: None })]);
    let said = rig.desk.ksi(&rig.line()).expect(4);
    assert!(said.err.contains("403") && said.err.contains("help:"), "{}", said.err);
    // Nobody may ask whether the name leads to what was sent.
    let names = Match::methods(&["HEAD"]).contains("/manifests/");
    rig.to.set([Rule::new(names, Nth::All, Fault::Status { code: 403, retry_after: None })]);
    let said = rig.desk.ksi(&rig.line()).expect(4);
    assert!(said.err.contains("403") && !said.err.contains("nothing"), "{}", said.err);
    rig.quiet();
    rig.empty.clear().unwrap();
    rig.empty.restart().unwrap();
}

fn a_registry_starts_again_in_the_middle(rig: &Rig) {
    let gate = Gate::default();
    rig.to.set([Rule::new(Match::methods(&["PATCH"]), Nth::Only(1), Fault::Hold(gate.clone()))]);
    rig.to.forget();
    let copy = rig.start_copy(&rig.line());
    rig.to.wait_for("an upload", |seen| seen.method == "PATCH").unwrap();
    rig.empty.kill().unwrap();
    gate.open();
    rig.empty.restart().unwrap();
    Said::of(copy.wait_with_output().unwrap()).expect(0);
    rig.quiet();
    assert_eq!(sent(&rig.desk.copied(&rig.line())), 0);
}

fn an_interrupted_copy_leaves_nothing_half(rig: &Rig) {
    for place in ["oci:layout", "oci-archive:images.tar"] {
        let line = rig.line();
        let line = format!("{} --to {place}", line.split(" --to").next().unwrap());
        rig.from.set([Rule::new(blobs(), Nth::From(3), Fault::Hang)]);
        rig.from.forget();
        let copy = rig.start_copy(&line);
        rig.from
            .wait_for("a blob", {
                let mut count = 0;
                move |seen| {
                    count += usize::from(seen.path.contains("/blobs/"));
                    count > 0
                }
            })
            .unwrap();
        kill(Pid::from_raw(i32::try_from(copy.id()).unwrap()), Signal::SIGINT).unwrap();
        Said::of(copy.wait_with_output().unwrap()).expect(130);
        assert!(!rig.desk.path("layout/index.json").exists() || place != "oci:layout");
        assert!(!rig.desk.path("images.tar").exists());
        rig.quiet();
        rig.desk.copied(&line);
        assert_eq!(sent(&rig.desk.copied(&line)), 0);
    }
    let digests = |place: &str| {
        let line = format!("images copy --from {place} --to {}", rig.to.address());
        let copied = rig.desk.copied(&line);
        copied.iter().map(|one| one["digest"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(digests("oci:layout"), digests("oci-archive:images.tar"));
}

fn a_full_disk_is_told(rig: &Rig) {
    if !is_root() {
        return;
    }
    let small = rig.desk.path("small");
    fs::create_dir(&small).unwrap();
    let _mount = Mount::new(&small, "4m");
    let archive = rig.desk.path("docker.io-kubesphere-one-1.tar");
    for (place, left) in [
        ("oci:small/layout", "small/layout/index.json"),
        ("oci-archive:small/a.tar", "small/a.tar"),
    ] {
        let line = format!("images copy --from docker-archive:{} --to {place}", archive.display());
        let said = rig.desk.ksi(&line).expect(4);
        assert!(said.err.contains("No space left") && said.err.contains(place), "{}", said.err);
        assert!(!rig.desk.path(left).exists());
    }
    assert!(rig.full.storage().exists());
}

/// A small disk.
struct Mount<'p>(&'p Path);

impl<'p> Mount<'p> {
    fn new(path: &'p Path, size: &str) -> Self {
        let size = format!("size={size}");
        let mut mount = Command::new("mount");
        assert!(
            mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path).status().unwrap().success()
        );
        Self(path)
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}
