//! The binary as users run it.

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
fn configuration_comes_from_standard_input_and_from_several_files() {
    use std::io::Write as _;
    let mut child =
        ksi(&["config", "view", "--show-origin", "-f", "-", "--set", "terminal.timeout=60"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    let sample = std::fs::read(root().join("samples/host.yaml")).unwrap();
    child.stdin.take().unwrap().write_all(&sample).unwrap();
    let (code, out, errors) = of(child.wait_with_output().unwrap());
    assert_eq!(code, 0, "{errors}");
    let line = |key: &str| {
        out.lines().find(|l| l.starts_with(key)).unwrap_or_else(|| panic!("{key}: {out}"))
    };
    assert!(line("multicluster.clusterRole: \"host\"").contains("# standard input:"));
    assert!(line("terminal.timeout: 60").contains("# --set:1:"));
    assert!(line("etcd.port: 2379").contains("# default"));
    let (code, out, _) = run(&[
        "config",
        "view",
        "-o",
        "json",
        "-f",
        "samples/host.yaml",
        "-f",
        "samples/none.yaml",
    ]);
    assert_eq!(code, 0);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        json["spec"]["multicluster"]["clusterRole"], "host",
        "an empty overlay changes nothing"
    );
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
fn set_is_typed_by_the_schema() {
    let view = |set: &str, pointer: &str| {
        let (code, out, errors) =
            run(&["config", "view", "-o", "json", "-f", "samples/none.yaml", "--set", set]);
        assert_eq!(code, 0, "{errors}");
        serde_json::from_str::<Value>(&out).unwrap().pointer(pointer).cloned().unwrap_or_default()
    };
    assert_eq!(view("common.redis.enabled=yes", "/spec/common/redis/enabled"), true);
    assert_eq!(view("spec.etcd.port=2380", "/spec/etcd/port"), 2380);
    assert_eq!(view("dev_tag=0123", "/spec/dev_tag"), "0123");
    assert_eq!(view("nodeSelector={disk: ssd}", "/spec/nodeSelector/disk"), "ssd");
    for (set, code) in [
        ("multicluster", "KSI0009"),
        ("=x", "KSI0009"),
        ("a..b=x", "KSI0009"),
        ("multicluster.clusterrole=host", "KSI0012"),
        ("common.redis.enabled=fasle", "KSI0010"),
        ("etcd.port={", "KSI0003"),
    ] {
        let (exit, _, errors) = run(&["render", "-f", "samples/none.yaml", "--set", set]);
        assert_eq!(exit, 3, "{set}");
        assert!(errors.contains(code) && errors.contains("--set:1:"), "{set}\n{errors}");
    }
}

#[test]
fn every_sample_of_an_old_form_is_rewritten_and_keeps_its_comments() {
    let samples = std::fs::read_dir(root().join("samples/legacy")).unwrap();
    let edge = root().join("tests/fixtures/valid/old-kubeedge-of-3-1.yaml");
    for path in samples.map(|entry| entry.unwrap().path()).chain([edge]) {
        let (code, out, errors) = run(&["config", "migrate", "--from", path.to_str().unwrap()]);
        assert_eq!(code, 0, "{}\n{errors}", path.display());
        assert!(!errors.contains("without its comments"), "{}\n{out}", path.display());
        let new = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(new.path(), &out).unwrap();
        let file = new.path().to_str().unwrap();
        let (_, report, _) = run(&["validate", "-f", file]);
        for code in ["KSI0080", "KSI0081", "KSI0082", "KSI0083"] {
            assert!(!report.contains(code), "{}\n{report}\n{out}", path.display());
        }
        let view = |file: &str| run(&["config", "view", "-q", "-o", "json", "-f", file]).1;
        assert_eq!(view(path.to_str().unwrap()), view(file), "{}", path.display());
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

/// The files of a directory below `folder`, with what they hold.
pub(crate) fn tree(folder: &Path) -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
    let mut files = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(tree(&path));
        } else {
            files.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    files
}

#[test]
fn a_changed_jwt_secret_reaches_everything_that_holds_it() {
    use base64::Engine as _;
    let folder = tempfile::tempdir().unwrap();
    let target = format!("dir:{}", folder.path().join("out").display());
    let run_with = |secret: &str, more: &[&str]| {
        let set = format!("authentication.jwtSecret={secret}");
        let apply = ["apply", "-f", "samples/host.yaml", "--target", &target, "--set", &set];
        run(&[&apply[..], more].concat())
    };
    let apply = |secret: &str| {
        let (code, _, errors) = run_with(secret, &["--yes-break-members"]);
        assert_eq!(code, 0, "{errors}");
        tree(folder.path())
    };
    let (old, new) = ("first-secret-0123456789abcdefghij", "second-secret-0123456789abcdefghi");
    let before = apply(old);
    let (code, _, errors) = run_with(new, &[]);
    assert!(code == 2 && errors.contains("--yes-break-members"), "{errors}");
    let after = apply(new);
    let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let holders =
        |files: &std::collections::BTreeMap<PathBuf, Vec<u8>>, secret: &str| -> Vec<PathBuf> {
            let forms = [secret.to_owned(), encoded(secret)];
            files
                .iter()
                .filter(|(_, bytes)| {
                    forms.iter().any(|f| String::from_utf8_lossy(bytes).contains(f.as_str()))
                })
                .map(|(path, _)| path.strip_prefix(folder.path()).unwrap().to_owned())
                .collect()
        };
    assert_eq!(holders(&before, old), holders(&after, new));
    assert_eq!(holders(&after, old), Vec::<PathBuf>::new());
    assert_eq!(holders(&after, new).len(), 2 + 1, "ConfigMap, Secret and the kept values");
    // Third run, nothing new: not a byte moves.
    assert_eq!(apply(new), after);
}

#[test]
fn a_switched_off_component_is_pruned_and_its_claim_stays() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let target = format!("dir:{}", out.display());
    let with = |on: &str| {
        let set = format!("common.redis.enabled={on}");
        let (code, _, errors) =
            run(&["apply", "-f", "samples/none.yaml", "--target", &target, "--set", &set]);
        assert_eq!(code, 0, "{errors}");
        errors
    };
    with("true");
    let names = || -> Vec<String> {
        let name = |p: &PathBuf| p.file_name().unwrap().to_str().unwrap().to_owned();
        tree(&out).keys().map(name).filter(|n| n.contains("redis")).collect()
    };
    assert!(names().iter().any(|n| n.starts_with("deployment")), "{:?}", names());
    let said = with("false");
    let left = names();
    assert!(!left.iter().any(|n| n.starts_with("deployment")), "{left:?}");
    assert!(left.iter().any(|n| n.starts_with("persistentvolumeclaim")), "{left:?}");
    assert!(said.contains("kept PersistentVolumeClaim/"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_killed_run_is_finished_by_the_next_one() {
    use std::os::unix::process::ExitStatusExt as _;
    let folder = tempfile::tempdir().unwrap();
    let target = |name: &str| format!("dir:{}", folder.path().join(name).display());
    let args = |place: &str| -> Vec<String> {
        ["apply", "-q", "-f", "samples/host.yaml", "--target", place].map(str::to_owned).to_vec()
    };
    let mut killed = 0;
    for attempt in 0..12 {
        let place = target(&format!("out{attempt}"));
        let args = args(&place);
        let words: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut child = ksi(&words).stderr(Stdio::null()).spawn().unwrap();
        // Not a wait for something: the kill shall come at another moment in each attempt.
        std::thread::sleep(std::time::Duration::from_millis(40 + 25 * attempt));
        child.kill().unwrap();
        killed += usize::from(child.wait().unwrap().signal() == Some(9));
        let values = folder.path().join(format!("out{attempt}/.ksi/values"));
        let kept = std::fs::read(&values).ok();
        let (code, _, errors) = run(&words);
        assert_eq!(code, 0, "{errors}");
        assert!(kept.is_none_or(|kept| kept == std::fs::read(&values).unwrap()), "a value changed");
        let done = tree(folder.path());
        assert_eq!(run(&words).0, 0);
        assert_eq!(tree(folder.path()), done, "the run after the next one wrote something");
    }
    assert!(killed > 0, "no run was killed in time");
}

fn temporary(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

const FRAME: &str = "apiVersion: installer.kubesphere.io/v1alpha1\nkind: ClusterConfiguration\n";

#[test]
fn contradictions_are_not_rewritten() {
    let text = format!(
        "{FRAME}spec:\n  console: {{port: 30881}}\n  common: {{core: {{console: {{port: 30880}}}}}}\n"
    );
    let (_folder, path) = temporary("both.yaml", &text);
    let (code, out, errors) = run(&["config", "migrate", "--from", &path, "--write"]);
    assert_eq!((code, out.as_str()), (3, ""), "{errors}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn rewriting_keeps_line_ends_and_the_old_file() {
    let text = format!("{FRAME}spec:\n  # before\n  console:\n    port: 30881 # beside")
        .replace('\n', "\r\n");
    let (_folder, path) = temporary("old.yaml", &text);
    assert_eq!(run(&["config", "migrate", "--from", &path, "--write"]).0, 0);
    let new = std::fs::read_to_string(&path).unwrap();
    assert!(new.contains("        port: 30881 # beside\r\n"), "{new}");
    assert_eq!(new.matches('\n').count(), new.matches("\r\n").count());
    let old = format!("{path}.old");
    assert_eq!(std::fs::read_to_string(&old).unwrap(), text);
    std::fs::write(&path, &text).unwrap();
    assert_eq!(
        run(&["config", "migrate", "--from", &path, "--write"]).0,
        2,
        "the old file is in the way"
    );
}

#[test]
fn lost_secrets_are_never_made_anew_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let target = format!("dir:{}", folder.path().join("out").display());
    let apply = || run(&["apply", "-f", "samples/host.yaml", "--target", &target]);
    assert_eq!(apply().0, 0);
    std::fs::remove_dir_all(folder.path().join("out/.ksi")).unwrap();
    let before = tree(folder.path());
    let (code, _, errors) = apply();
    assert_eq!(code, 4, "{errors}");
    assert!(errors.contains("the generated secrets are missing"), "{errors}");
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn a_secret_that_was_changed_by_hand_is_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let target = format!("dir:{}", out.display());
    let apply = || run(&["apply", "-f", "samples/none.yaml", "--target", &target]);
    assert_eq!(apply().0, 0);
    let secret = out.join("30-configuration/secret_kubesphere-system_kubesphere-secret.yaml");
    let good = std::fs::read_to_string(&secret).unwrap();
    std::fs::write(&secret, good.replace("  secret: ", "  secret: QUJD")).unwrap();
    let (code, shown, _) = run(&["diff", "-f", "samples/none.yaml", "--against", &target]);
    assert!(code == 1 && shown.contains("values differ"), "{shown}");
    assert_eq!(apply().0, 0);
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), good);
}

#[test]
fn a_secret_is_not_shown_where_it_was_copied_to() {
    let canary = "CANARY-0123456789abcdef";
    let cases = [
        format!("authentication: {{jwtSecret: &x {canary}}}\n  multicluster: {{clusterRole: *x}}"),
        format!("common: {{monitoring: {{endpoint: \"http://me:{canary}@prom:9090\"}}}}"),
        format!("local_registry: me:{canary}@registry.local"),
        format!("common: {{es: {{externalElasticsearchHost: \"me:{canary}@es\"}}}}"),
        format!("authentication: {{adminPass: {canary}}}"),
        format!("authentication: {{jwtSecretRef: {canary}}}"),
        format!("authentication: {{pwd: {canary}}}"),
    ];
    for case in cases {
        let (_folder, path) = temporary("canary.yaml", &format!("{FRAME}spec:\n  {case}\n"));
        for format in ["text", "json"] {
            let (code, out, errors) = run(&["validate", "-f", &path, "-o", format]);
            assert_eq!(code, 3, "{case}\n{out}");
            assert!(!out.contains("CANARY") && !errors.contains("CANARY"), "{case}\n{out}{errors}");
        }
    }
}

#[test]
fn a_first_configuration_is_valid_and_says_where_the_secret_comes_from() {
    let (code, member, _) = run(&["config", "init", "--role", "member"]);
    assert_eq!(code, 0);
    assert!(member.contains("kubectl -n kubesphere-system get cm"), "{member}");
    let set = member.replace("jwtSecretRef:\n      name: host-jwt", "jwtSecret: \"\"");
    let (_folder, path) = temporary("member.yaml", &set);
    let (code, out, _) = run(&["validate", "-f", &path]);
    assert_eq!(code, 3);
    assert!(
        out.contains("KSI0030") && out.contains("kubectl -n kubesphere-system get cm"),
        "{out}"
    );
    for role in ["host", "member", "none", "full"] {
        let (_, text, _) = run(&["config", "init", "--role", role]);
        let (_folder, path) = temporary("init.yaml", &text);
        assert_eq!(run(&["validate", "--strict", "-f", &path]).0, 0, "{role}");
    }
}

#[test]
fn a_published_jwt_secret_is_refused_unless_it_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let target = format!("dir:{}", out.display());
    let apply = |secret: &str| {
        let set = format!("authentication.jwtSecret={secret}");
        run(&["apply", "-f", "samples/host.yaml", "--target", &target, "--set", &set])
    };
    let published = "gfIwilcc0WjNGKJ5DLeksf2JKfcLgTZU";
    for secret in [published, "${JWT_SECRET}", "<jwtSecret>", "“3f9aK2mQ7xWb5TzR8vLd1NcY6sHe4GpU”"]
    {
        let (code, _, errors) = apply(secret);
        assert_eq!(code, 3, "{secret}: {errors}");
        // A template that was not rendered is no secret, and is shown.
        let shown = errors.contains(secret) && !secret.starts_with('$');
        assert!(errors.contains("error[KSI00") && !shown, "{errors}");
        assert!(!out.exists(), "nothing is written");
    }
    // It is in use since before it was refused.
    let mine = "3f9aK2mQ7xWb5TzR8vLd1NcY6sHe4GpU";
    assert_eq!(apply(mine).0, 0);
    let values = out.join(".ksi/values");
    let stored = std::fs::read_to_string(&values).unwrap();
    assert!(stored.contains(mine));
    std::fs::write(&values, stored.replace(mine, published)).unwrap();
    // Only the stored values were replaced, so the manifests would get another one.
    let set = format!("authentication.jwtSecret={published}");
    let (code, _, errors) = run(&[
        "apply",
        "-f",
        "samples/host.yaml",
        "--target",
        &target,
        "--set",
        &set,
        "--yes-break-members",
    ]);
    assert_eq!(code, 0, "{errors}");
    assert!(errors.contains("warning[KSI0057]") && !errors.contains(published), "{errors}");
}

#[test]
fn null_takes_a_key_back() {
    let (code, out, errors) = run(&[
        "config",
        "view",
        "-o",
        "json",
        "-f",
        "samples/air-gap.yaml",
        "--set",
        "local_registry=null",
    ]);
    assert_eq!(code, 0, "{errors}");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["spec"].get("local_registry"), None);
}
