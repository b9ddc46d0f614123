//! `ksi uninstall` on a directory.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::cli::{ksi, tree};

fn run(args: &[&str], target: &str) -> (i32, String, String) {
    let mut command = ksi(args);
    let output = command.args(["--target", target]).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// The manifests of a directory.
fn manifests(folder: &Path) -> Vec<PathBuf> {
    let files = tree(folder).into_keys();
    files.filter(|path| path.extension().is_some_and(|e| e == "yaml")).collect()
}

#[test]
fn it_asks_keeps_protected_objects_and_deletes_them_with_consent() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let target = format!("dir:{}", dir.display());
    assert_eq!(run(&["apply", "-f", "samples/host.yaml"], &target).0, 0);
    let all = tree(&dir);

    let (code, out, _) = run(&["uninstall", "--dry-run"], &target);
    assert_eq!(code, 0);
    assert!(
        out.contains("to delete it, use --delete-crds") && out.contains("delete User/admin"),
        "{out}"
    );
    let (code, _, errors) = run(&["uninstall"], &target);
    assert!(code == 2 && errors.contains("--yes"), "{errors}");
    assert_eq!(tree(&dir), all, "nothing without an answer");

    let (code, _, errors) = run(&["uninstall", "--yes"], &target);
    assert_eq!(code, 0, "{errors}");
    let left = manifests(&dir);
    assert!(!left.is_empty() && left.len() < manifests_of(&all), "{left:?}");
    for path in &left {
        let text = std::fs::read_to_string(path).unwrap();
        let kept =
            ["CustomResourceDefinition", "Namespace", "PersistentVolumeClaim", "ClusterRole"];
        assert!(kept.iter().any(|kind| text.contains(&format!("kind: {kind}"))), "{text}");
    }
    let before = tree(&dir);
    assert_eq!(run(&["uninstall", "--yes"], &target).0, 0);
    assert_eq!(tree(&dir), before, "a second run changes nothing");

    let flags = ["uninstall", "--yes", "--delete-crds", "--delete-data", "--delete-namespaces"];
    let (code, _, errors) = run(&flags, &target);
    assert_eq!(code, 0, "{errors}");
    let (code, _, errors) = run(&["uninstall", "--yes"], &target);
    assert!(code == 0 && errors.contains("nothing is installed"), "{errors}");
}

fn manifests_of(files: &std::collections::BTreeMap<PathBuf, Vec<u8>>) -> usize {
    files.keys().filter(|path| path.extension().is_some_and(|e| e == "yaml")).count()
}
