//! A cluster that helm and kubectl made for ks-installer 3.4 is taken over.

use sandbox::builds::Release;
use serde_json::{Value, json};

use crate::installed::{Rig, sample};
use crate::manifests::{Manifests, root};

const SYSTEM: &str = "kubesphere-system";
const OLD_SECRET: &str = "of-ks-installer-and-not-of-ours";

/// The parts of ks-installer's own that ksi takes over, made as it makes them: by helm, and then changed
/// by kubectl.
fn installed_by_ks_installer(rig: &Rig) {
    let plane = rig.plane();
    let manifests = Manifests::of(&root().join("samples/none.yaml"), "1.36");
    for folders in [&["00-"][..], &["10-", "20-", "30-", "40-", "50-"]] {
        let mut command = plane.kubectl_command();
        command.args(["create", "--field-manager=helm", "--validate=false"]);
        for file in manifests.files(folders) {
            command.arg("-f").arg(file);
        }
        // What Kubernetes itself made, such as namespace default, is there already.
        let _ = command.output().unwrap();
    }
    let config = rig.get("configmap", "kubesphere-config");
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
    let by_helm = "--field-manager=helm";
    plane
        .kubectl(&["-n", SYSTEM, "patch", "configmap", "kubesphere-config", by_helm, "-p", &patch])
        .unwrap();
    plane
        .kubectl(&["-n", SYSTEM, "patch", "deployment", "ks-apiserver", by_helm, "-p", image])
        .unwrap();
}

impl Rig {
    fn get(&self, kind: &str, name: &str) -> Value {
        let json = self.plane().kubectl(&["-n", SYSTEM, "get", kind, name, "-o", "json"]).unwrap();
        serde_json::from_str(&json).unwrap()
    }
}

#[test]
fn what_ks_installer_left_is_taken_over_with_its_secrets() {
    let Some(rig) = Rig::start(Release::Newest) else { return };
    installed_by_ks_installer(&rig);
    let before = rig.get("deployment", "ks-apiserver");
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
    let after = rig.get("deployment", "ks-apiserver");
    assert_eq!(before["metadata"]["uid"], after["metadata"]["uid"], "{}", said.err);
    assert_eq!(before["spec"]["selector"], after["spec"]["selector"]);
    let image = after["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
    assert!(image.ends_with(":v3.4.1"), "{image}");
    let config = rig.get("configmap", "kubesphere-config");
    let text = config["data"]["kubesphere.yaml"].as_str().unwrap();
    assert!(text.contains(OLD_SECRET) && text.contains("theirs:"), "{text}");

    let since = rig.mark();
    rig.ksi(&apply).expect(0);
    assert_eq!(rig.writes(since), [""; 0]);
}
