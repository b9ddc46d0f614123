//! What other hands do to a cluster between two runs.

use std::process::Command;

use sandbox::control_plane::ControlPlane;

use crate::manifests::root;

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
