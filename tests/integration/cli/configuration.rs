//! Configurations: where they come from, how they are rewritten, and a first one.

use super::*;

fn temporary(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

const FRAME: &str = "apiVersion: installer.kubesphere.io/v1alpha1\nkind: ClusterConfiguration\n";

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
