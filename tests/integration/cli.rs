//! The binary as users run it.

#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/directory.rs"]
mod directory;

pub(crate) use self::directory::tree;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) fn ksi(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ksi"));
    // What a developer has set must not change what is tested.
    for name in [
        "KSI_FILENAME",
        "KSI_OUTPUT",
        "KSI_TARGET",
        "KSI_AGAINST",
        "KSI_KUBE_VERSION",
        "KSI_PROGRESS",
        "KSI_TIMEOUT",
        "CLICOLOR_FORCE",
    ] {
        command.env_remove(name);
    }
    command.args(args).current_dir(root());
    command
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn run(args: &[&str]) -> (i32, String, String) {
    of(ksi(args).output().unwrap())
}

pub(crate) fn of(output: Output) -> (i32, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn exit_codes_tell_the_truth() {
    let invalid = "tests/fixtures/invalid/cluster-role-unknown.yaml";
    let warned = "tests/fixtures/invalid/default-password.yaml";
    let cases: &[(i32, &[&str])] = &[
        (0, &["validate", "-f", "samples/host.yaml"]),
        (0, &["validate", "-f", warned]),
        (3, &["validate", "--strict", "-f", warned]),
        (3, &["validate", "-f", invalid]),
        (3, &["render", "-f", invalid]),
        (3, &["diff", "-f", invalid]),
        (3, &["validate", "-f", "no/such/file.yaml"]),
        (2, &["validate"]),
        (2, &["apply", "-f", "samples/host.yaml"]),
        (2, &["apply", "-f", "samples/host.yaml", "--target", "somewhere"]),
        (2, &["explain", "no.such.key"]),
        (2, &["render", "-f", "samples/host.yaml", "-s", "no-such-component"]),
        (1, &["diff", "-f", "samples/host.yaml", "--against", "none"]),
        (0, &["diff", "-f", "samples/host.yaml", "--against-config", "samples/host.yaml"]),
        (4, &["apply", "-f", "samples/none.yaml", "--target", "dir:Cargo.toml"]),
    ];
    for (expected, args) in cases {
        let (code, _, errors) = run(args);
        assert_eq!(code, *expected, "ksi {}\n{errors}", args.join(" "));
    }
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let mut child = ksi(&["render", "-f", "samples/host.yaml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("cannot write"));
}

#[test]
fn data_goes_to_standard_output_and_nothing_else() {
    let (_, out, _) = run(&["validate", "-f", "samples/host.yaml", "-o", "json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["valid"], true);
    let (_, out, errors) = run(&["render", "-f", "samples/host.yaml", "-o", "json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert!(json["items"].as_array().unwrap().len() > 250);
    assert!(errors.contains("generated at install"));
    let (_, _, errors) = run(&["render", "-q", "-f", "samples/host.yaml"]);
    assert_eq!(errors, "");
}

#[test]
fn colour_follows_flag_and_environment() {
    let coloured = |command: &mut Command| {
        String::from_utf8(command.output().unwrap().stdout).unwrap().contains('\u{1b}')
    };
    let args = ["validate", "-f", "tests/fixtures/invalid/enabled-fasle.yaml"];
    assert!(!coloured(&mut ksi(&args)));
    assert!(coloured(ksi(&args).args(["--color", "always"])));
    assert!(coloured(ksi(&args).env("CLICOLOR_FORCE", "1")));
    assert!(!coloured(ksi(&args).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")));
}

#[test]
fn a_timeout_has_one_grammar_for_all_verbs() {
    let folder = tempfile::tempdir().unwrap();
    let directory = format!("dir:{}", folder.path().display());
    let verbs: &[&[&str]] = &[
        &["apply", "--dry-run", "-f", "samples/none.yaml", "--target", &directory],
        &["uninstall", "--dry-run", "--target", &directory],
        &["rollback", "--dry-run"],
        &["wait"],
    ];
    for verb in verbs {
        let refused = |timeout: &str| {
            let mut command = ksi(verb);
            command.env("KSI_TIMEOUT", timeout).env("KUBECONFIG", folder.path().join("none"));
            let (code, _, errors) = of(command.output().unwrap());
            assert_eq!(errors.contains("invalid duration"), code == 2, "{verb:?}: {errors}");
            code == 2
        };
        for good in ["45", "90s", "15m", "1h30m", "1d"] {
            assert!(!refused(good), "{verb:?} {good}");
        }
        for bad in ["", "5x", "-1s", "1h30"] {
            assert!(refused(bad), "{verb:?} {bad}");
        }
    }
}

#[test]
fn explain_knows_keys_and_codes() {
    let (_, out, _) = run(&["explain", "multicluster.clusterRole"]);
    assert!(out.contains("host") && out.contains("default:"), "{out}");
    let (_, out, _) = run(&["explain", "ksi0012"]);
    assert!(out.starts_with("# KSI0012"));
    let (code, out, _) = run(&["explain", "common", "--recursive", "-o", "json"]);
    assert_eq!(code, 0);
    let json: Value = serde_json::from_str(&out).unwrap();
    let paths: Vec<&str> =
        json.as_array().unwrap().iter().filter_map(|e| e["path"].as_str()).collect();
    assert!(paths.contains(&"common.redis.enableHA"), "{paths:?}");
}

#[test]
fn images_can_be_mirrored() {
    let (_, out, _) =
        run(&["images", "rewrite", "-f", "samples/host.yaml", "--registry", "r.local:5000/m"]);
    for line in out.lines() {
        let (source, target) = line.split_once(' ').unwrap();
        assert!(!source.starts_with("r.local") && target.starts_with("r.local:5000/m/"), "{line}");
    }
    assert!(out.contains("kubesphere/ks-apiserver:v3.4.1 "), "{out}");
    let (_, all, _) = run(&["images", "list", "--all", "-f", "samples/none.yaml"]);
    let (_, some, _) = run(&["images", "list", "-f", "samples/none.yaml"]);
    assert!(all.lines().count() > some.lines().count());
}

#[test]
fn manual_pages_and_completions_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("man1");
    let (code, ..) = run(&["man", "--dir", dir.to_str().unwrap()]);
    assert_eq!(code, 0);
    let page = std::fs::read_to_string(dir.join("ksi-config-migrate.1")).unwrap();
    assert!(page.contains("\\fBksi config migrate\\fR"), "{page}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let (code, out, _) = run(&["completion", shell]);
        assert!(code == 0 && out.contains("validate"), "{shell}");
    }
}
