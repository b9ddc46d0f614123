//! Who wrote what: what of ksi reached the API server, and what other hands do meanwhile.

use std::process::Command;

use sandbox::audit::{self, Mark};
use sandbox::control_plane::ControlPlane;

use crate::manifests::root;

/// What ksi wrote since then, as the API server saw it, as `verb resource/name`; what it only asked is not
/// in there.
pub(crate) fn writes(plane: &ControlPlane, since: Mark) -> Vec<String> {
    let writes = audit::writes(plane, since, "ksi/").unwrap();
    let real = writes.iter().filter(|write| !write.dry_run);
    // A question about rights is sent as if something were created.
    let real = real.filter(|write| !write.resource.starts_with("selfsubject"));
    real.map(|w| format!("{} {}/{}", w.verb, w.resource, w.name)).collect()
}

/// Does a row of `tests/sandbox/foreign-writers.sh`.
pub(crate) fn foreign_writer(plane: &ControlPlane, row: &str) {
    let mut command = Command::new(root().join("tests/sandbox/foreign-writers.sh"));
    // The program and its arguments, as the script takes them.
    let kubectl = plane.kubectl_command();
    let words = std::iter::once(kubectl.get_program()).chain(kubectl.get_args());
    let words: Vec<_> = words.map(|word| word.to_str().unwrap()).collect();
    command.arg(row).env("KUBECONFIG", plane.kubeconfig()).env("KUBECTL", words.join(" "));
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("done"), "{row}: {said}");
}
