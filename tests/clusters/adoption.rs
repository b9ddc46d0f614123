//! A cluster that helm and kubectl made for ks-installer 3.4 is taken over.

use sandbox::builds::Release;
use serde_json::json;

use crate::hands::{Hands as _, SYSTEM};
use crate::installed::{Rig, release, sample};
use crate::manifests::{Manifests, root};

const OLD_SECRET: &str = "of-ks-installer-and-not-of-ours";

/// The parts of ks-installer's own that ksi takes over, made as it makes them: by helm, and then changed
/// by kubectl.
fn installed_by_ks_installer(rig: &Rig, release: Release) {
    let manifests = Manifests::of(&root().join("samples/none.yaml"), &release.to_string());
    for folders in [&["00-"][..], &["10-", "20-", "30-", "40-", "50-"]] {
        let mut command = rig.plane().kubectl_command();
        command.args(["create", "--field-manager=helm", "--validate=false"]);
        for file in manifests.files(folders) {
            command.arg("-f").arg(file);
        }
        // What Kubernetes itself made, such as namespace default, is there already.
        let _ = command.output().unwrap();
    }
    let config = rig.json("-n kubesphere-system configmap kubesphere-config");
    let text = config["data"]["kubesphere.yaml"].as_str().unwrap();
    let old: Vec<String> = text
        .lines()
        .map(|line| match line.split_once("jwtSecret:") {
            Some((indent, _)) => format!("{indent}jwtSecret: {OLD_SECRET}"),
            None => line.to_owned(),
        })
        .chain(["theirs:".to_owned(), "  kept: \"yes\"".to_owned(), String::new()])
        .collect();
    let patch = json!({"data": {"kubesphere.yaml": old.join("\n")}}).to_string();
    let image = r#"{"spec":{"template":{"spec":{"containers":[{"name":"ks-apiserver","image":"kubesphere/ks-apiserver:v3.4.0"}]}}}}"#;
    let by_helm = format!("-n {SYSTEM} --field-manager=helm patch");
    rig.kubectl_with(&format!("{by_helm} configmap kubesphere-config -p"), &patch);
    rig.kubectl_with(&format!("{by_helm} deployment ks-apiserver -p"), image);
}

#[test]
fn what_ks_installer_left_is_taken_over_with_its_secrets() {
    let release = release();
    let Some(rig) = Rig::start(release) else { return };
    installed_by_ks_installer(&rig, release);
    let before = rig.json("-n kubesphere-system deployment ks-apiserver");
    let none = sample("none.yaml");
    let apply = ["apply", "-f", &none, "--wait=false", "--timeout", "2m"];

    let since = rig.mark();
    let plan = rig.ksi(&[&apply[..], &["--dry-run"]].concat()).expect(0);
    assert!(plan.out.contains("adopt Deployment/kubesphere-system/ks-apiserver"), "{}", plan.out);
    assert!(!plan.out.contains(OLD_SECRET), "{}", plan.out);
    assert_eq!(rig.writes(since), [""; 0]);
    // Nobody is there to say yes.
    rig.ksi(&apply).expect(2);

    let said = rig.ksi(&[&apply[..], &["--yes"]].concat()).expect(0);
    let after = rig.json("-n kubesphere-system deployment ks-apiserver");
    assert_eq!(before["metadata"]["uid"], after["metadata"]["uid"], "{}", said.err);
    assert_eq!(before["spec"]["selector"], after["spec"]["selector"]);
    let image = after["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
    assert!(image.ends_with(":v3.4.1"), "{image}");
    let config = rig.json("-n kubesphere-system configmap kubesphere-config");
    let text = config["data"]["kubesphere.yaml"].as_str().unwrap();
    assert!(text.contains(OLD_SECRET) && text.contains("theirs:"), "{text}");

    let since = rig.mark();
    rig.ksi(&apply).expect(0);
    assert_eq!(rig.writes(since), [""; 0]);
}
