//! Generated secrets: their permissions, that they are stored, and that no output shows them.

use std::fs;
use std::path::Path;
use std::process::Command;

use ksi::object::SettingNames;
use ksi::target::{Directory, Store as _, SystemEntropy};
use ksi::values::{self, Given, StoredValues};

use super::world::{manifests, mode, now, plan, run, run_with, wait};

#[test]
fn files_with_secrets_are_their_owners_alone() {
    let root = tempfile::tempdir().unwrap();
    run(&Directory::new(root.path()), 'a', 1).unwrap();
    let private = |name: &str| mode(&root.path().join(name));
    for name in [
        ".ksi/values",
        ".ksi/inventory",
        ".ksi/lock",
        "30-configuration/secret_kubesphere-system_kubesphere-secret.yaml",
        "30-configuration/secret_kubesphere-system_tower-ca.yaml",
        "60-resources/user.iam.kubesphere.io_admin.yaml",
    ] {
        assert_eq!(private(name), 0o600, "{name}");
    }
    // By the umask, which the rest of the directory shows.
    fs::write(root.path().join("probe"), "").unwrap();
    let open = private("probe");
    assert_eq!(private("30-configuration/configmap_kubesphere-system_settings.yaml"), open);
    let ignored = fs::read_to_string(root.path().join(".ksi/.gitignore")).unwrap();
    assert!(ignored.lines().any(|line| line == "*"));
}

#[test]
fn lost_values_are_not_replaced_by_new_ones() {
    let root = tempfile::tempdir().unwrap();
    run(&Directory::new(root.path()), 'a', 1).unwrap();
    let before = manifests(root.path());
    let path = root.path().join(".ksi/values");
    let values = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let error = run(&Directory::new(root.path()), 'a', 2).unwrap_err();
    assert!(error.to_string().contains(".ksi/values"), "{error}");
    assert!(
        error.help(SettingNames::default()).contains("copy `.ksi`"),
        "{}",
        error.help(SettingNames::default())
    );
    assert_eq!(manifests(root.path()), before);
    fs::write(&path, values).unwrap();
    assert!(plan(&Directory::new(root.path()), 'a', 3).unwrap().is_settled());
}

#[test]
fn damaged_state_is_reported_without_its_content() {
    let root = tempfile::tempdir().unwrap();
    run(&Directory::new(root.path()), 'a', 1).unwrap();
    for (name, text) in [
        (".ksi/values", "jwtSecret: [canary]\n"),
        (".ksi/values", "canary\n"),
        (".ksi/values", "jwtSecret: canary\njwtSecret: canary\n"),
        (".ksi/values", ""),
        (".ksi/inventory", "format: 1\n"),
        (".ksi/inventory", "format: 99\nksiVersion: 9.9.9\n"),
        (".ksi/inventory", "{"),
    ] {
        let path = root.path().join(name);
        let good = fs::read(&path).unwrap();
        fs::write(&path, text).unwrap();
        let (answer, events) = run_with(&Directory::new(root.path()), 'b', 2);
        let error = answer.unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
        let shown = format!("{error} {error:?} {} {events:?}", error.help(SettingNames::default()));
        assert!(!shown.contains("canary"), "{shown}");
        fs::write(&path, good).unwrap();
    }
    assert!(plan(&Directory::new(root.path()), 'a', 3).unwrap().is_settled());
}

#[test]
fn no_event_contains_a_secret() {
    let root = tempfile::tempdir().unwrap();
    let target = Directory::new(root.path());
    let (first, mut said) = run_with(&target, 'a', 1);
    first.unwrap();
    let (second, more) = run_with(&target, 'b', 2);
    second.unwrap();
    said.extend(more);
    let kept = wait(target.values()).unwrap();
    assert_eq!(kept.0.len(), 13);
    let shown = format!("{said:?} {} {kept:?} {target:?}", serde_json::to_string(&said).unwrap());
    for (name, text) in &kept.0 {
        assert!(!shown.contains(text.as_str()), "{name} is shown");
        let line = text.lines().nth(1).unwrap_or(text);
        assert!(!shown.contains(line), "{name} is shown");
    }
    assert!(shown.contains("jwtSecret"));
}

fn openssl(arguments: &[&str], folder: &Path) -> Option<String> {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn certificates_are_what_openssl_expects() {
    let folder = tempfile::tempdir().unwrap();
    let given = Given { tower: true, kubefed: true, ..Given::default() };
    let (_, kept) =
        values::resolve(&given, &StoredValues::default(), &mut SystemEntropy, now()).unwrap();
    for (name, text) in kept.0.iter().filter(|(name, _)| name.contains('.')) {
        fs::write(folder.path().join(name), text).unwrap();
    }
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("skipped: there is no openssl");
        return;
    }
    let openssl = |arguments: &[&str]| openssl(arguments, folder.path()).unwrap();
    // One hour into the past, ten and five years into the future of 2027-01-15 08:00:00.
    let dates =
        ["x509", "-noout", "-subject", "-startdate", "-enddate", "-ext", "basicConstraints", "-in"];
    let mut seen = String::new();
    for name in ["towerCA", "webhookCA"] {
        seen += &openssl(&[&dates[..], &[&format!("{name}.crt")]].concat());
    }
    for (name, host) in [
        ("controllerManagerWebhook", "ks-controller-manager.kubesphere-system.svc"),
        ("kubefedWebhook", "kubefed-admission-webhook.kube-federation-system.svc"),
    ] {
        let file = format!("{name}.crt");
        seen += &openssl(&[
            "x509",
            "-noout",
            "-enddate",
            "-ext",
            "subjectAltName,extendedKeyUsage",
            "-in",
            &file,
        ]);
        let verify = ["verify", "-attime", "1800000001", "-purpose", "sslserver", "-x509_strict"];
        let by = ["-CAfile", "webhookCA.crt", "-verify_hostname", host, &file];
        assert!(openssl(&[&verify[..], &by[..]].concat()).contains("OK"));
    }
    let text = openssl(&["x509", "-noout", "-text", "-in", "towerCA.crt"]);
    assert!(
        text.contains("Public-Key: (2048 bit)") && text.contains("sha256WithRSAEncryption"),
        "{text}"
    );
    for name in ["towerCA", "webhookCA", "controllerManagerWebhook", "kubefedWebhook"] {
        let key = format!("{name}.key");
        openssl(&["pkey", "-check", "-noout", "-in", &key]);
        assert!(
            fs::read_to_string(folder.path().join(key))
                .unwrap()
                .starts_with("-----BEGIN PRIVATE KEY")
        );
    }
    // Versions of openssl differ in blanks.
    insta::assert_snapshot!(seen.replace(" = ", "=").replace(": \n", ":\n"));
}
