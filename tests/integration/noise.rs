//! How much is said: one line for each kind of warning, everything on request.

use crate::cli::{ksi, of, root};

fn run(args: &[&str]) -> (i32, String, String) {
    of(ksi(args).output().unwrap())
}

#[test]
fn the_warnings_of_a_file_in_an_old_format_fit_on_a_screen() {
    let folder = root().join("samples/legacy");
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = format!("samples/legacy/{}", entry.unwrap().file_name().to_str().unwrap());
        let (code, text, _) = run(&["validate", "-f", &file]);
        let lines = text.lines().count();
        assert!(code == 0 && lines <= 24, "{file}: {lines} lines\n{text}");
        let (_, all, _) = run(&["validate", "-f", &file, "-v"]);
        assert!(all.lines().count() >= lines, "{file}:\n{all}");
        assert!(!all.contains("-v shows every warning"), "{all}");
    }
    let file = "samples/legacy/2.1-configmap.yaml";
    let (_, text, _) = run(&["validate", "-f", file]);
    assert!(text.contains(" times: common.mysqlVolumeSize, "), "{text}");
    assert!(text.contains(&format!("`ksi config migrate --from {file}`")), "{text}");
    assert!(text.contains("-v shows every warning"), "{text}");
    let (_, all, _) = run(&["validate", "-f", file, "-v"]);
    assert!(all.contains("`common.mysqlVolumeSize` no longer has an effect"), "{all}");
}

#[test]
fn an_apply_says_as_little() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("dir:{}", folder.path().join("out").display());
    let file = "samples/legacy/2.1-configmap.yaml";
    let (code, _, errors) = run(&["apply", "-f", file, "--target", &target, "--dry-run"]);
    assert_eq!(code, 0, "{errors}");
    assert_eq!(errors.matches("KSI0082").count(), 1, "{errors}");
    let (_, json, _) = run(&["validate", "-f", file, "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let all = json["diagnostics"].as_array().unwrap();
    assert!(all.iter().filter(|d| d["code"] == "KSI0082").count() > 1, "{json:#}");
}

#[test]
fn the_manifests_of_ks_installer_are_skipped_with_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let installer = folder.path().join("kubesphere-installer.yaml");
    let text =
        std::fs::read_to_string(root().join("tests/fixtures/invalid/beside-ks-installer.yaml"))
            .unwrap();
    let (manifests, _) = text.split_once("---\napiVersion: installer.kubesphere.io").unwrap();
    std::fs::write(&installer, manifests).unwrap();
    let installer = installer.to_str().unwrap();
    let (code, text, errors) = run(&["validate", "-f", installer, "-f", "samples/host.yaml"]);
    assert_eq!(code, 0, "{text}{errors}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.contains("skipped the manifests of ks-installer itself: CustomResource"),
        "{text}"
    );
    let (code, text, _) = run(&["validate", "-f", installer]);
    assert!(code == 3 && text.contains("KSI0006"), "{text}");
}

#[test]
fn check_takes_unknown_keys_too() {
    let check = ["check", "--allow-unknown", "-f", "samples/host.yaml", "--kubeconfig", "none"];
    let (code, _, errors) = run(&check);
    assert!(code != 2, "{errors}");
}
