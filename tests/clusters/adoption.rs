//! A cluster that helm and kubectl made for ks-installer 3.4 is taken over, or removed.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use ksi::values::AT_INSTALL;
use sandbox::builds::Release;
use serde_json::{Value, json};

use crate::definition::OLD as OLD_DEFINITION;
use crate::hands::{Hands, SYSTEM};
use crate::installed::{Rig, Said, release, sample};
use crate::manifests::{Manifests, root};

/// From the guides, where somebody copied it who now runs a member with it.
pub(crate) const OLD_SECRET: &str = "gfIwilcc0WjNGKJ5DLeksf2JKfcLgTZU";

/// The ClusterConfiguration of ks-installer 3.4.
const OLD_CONFIGURATION: &str = "
apiVersion: installer.kubesphere.io/v1alpha1
kind: ClusterConfiguration
metadata: {name: ks-installer, namespace: kubesphere-system, labels: {version: v3.4.1}}
spec: {common: {openldap: {}}}
status: {openldap: {status: enabled, enabledTime: 2023-11-08T00:00:00CST}}
";

/// The parts of ks-installer's own that ksi takes over, made as it makes them: by helm, and then changed
/// by kubectl.
pub(crate) fn installed_by_ks_installer(rig: &impl Hands, release: Release) {
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
            None => line.replace("http://prometheus-operated.", "http://prometheus-of-ours."),
        })
        .chain(["theirs:".to_owned(), "  kept: \"yes\"".to_owned(), String::new()])
        .collect();
    let patch = json!({"data": {"kubesphere.yaml": old.join("\n")}}).to_string();
    rig.make(OLD_DEFINITION);
    rig.await_kubectl("get cc -n kubesphere-system", true);
    rig.make(OLD_CONFIGURATION);
    let image = r#"{"spec":{"template":{"spec":{"containers":[{"name":"ks-apiserver","image":"kubesphere/ks-apiserver:v3.4.0"}]}}}}"#;
    let by_helm = format!("-n {SYSTEM} --field-manager=helm patch");
    rig.kubectl_with(&format!("{by_helm} configmap kubesphere-config -p"), &patch);
    rig.kubectl_with(&format!("{by_helm} deployment ks-apiserver -p"), image);
}

/// What its chart made anew each time, and itself.
fn still_running(rig: &Rig) {
    // An authority whose key the chart forgets.
    let certificates =
        ["ca.crt", "tls.crt", "tls.key"].map(|key| (key, STANDARD.encode("of helm")));
    let certificates = json!({"data": BTreeMap::from(certificates)}).to_string();
    let patch = format!("-n {SYSTEM} --field-manager=helm patch secret");
    rig.kubectl_with(&format!("{patch} ks-controller-manager-webhook-cert -p"), &certificates);
    rig.kubectl(&format!(
        "create deployment ks-installer -n {SYSTEM} --image=kubesphere/ks-installer:v3.4.1"
    ));
    rig.kubectl(&format!("rollout status deployment ks-installer -n {SYSTEM} --timeout 60s"));
}

/// What kubectl finds of the installer and its pods.
fn installer(rig: &Rig) -> String {
    rig.kubectl(&format!("get deployments,pods -l app=ks-installer -n {SYSTEM} -o name"))
}

#[test]
fn what_ks_installer_left_is_taken_over_with_its_secrets() {
    let release = release();
    let Some(rig) = Rig::start(release) else { return };
    installed_by_ks_installer(&rig, release);
    // ksi's definition takes the place of the old one; the status that it reads below stays.
    rig.kubectl(&format!("apply -f {}", root().join("deploy/crd.yaml").display()));
    still_running(&rig);
    let before = rig.json("-n kubesphere-system deployment ks-apiserver");
    let none = sample("none.yaml");
    let apply = ["apply", "-f", &none, "--wait=false", "--timeout", "2m"];

    let since = rig.mark();
    rig.ksi(&[&apply[..], &["--dry-run"]].concat()).expect(2);
    let apply = [&apply[..], &["--replace-ks-installer"]].concat();
    let plan = rig.ksi(&[&apply[..], &["--dry-run"]].concat()).expect(0);
    assert!(plan.out.contains("adopt Deployment/kubesphere-system/ks-apiserver"), "{}", plan.out);
    assert!(!plan.out.contains(OLD_SECRET), "{}", plan.out);
    let replaced = "monitoring.endpoint in ConfigMap/kubesphere-system/kubesphere-config is \"http://prometheus-of-ours.";
    assert!(plan.err.contains(replaced), "{}", plan.err);
    let installed = "KSI0084]: ks-installer has installed OpenLDAP";
    assert!(plan.err.contains(installed), "{}", plan.err);
    let planned = adoptions(&plan);
    rig.ksi(&[&apply[..], &["--dry-run=server"]].concat()).expect(0);
    let shown = rig.ksi(&["diff", "-f", &none]).expect(1);
    assert!(shown.out.contains(AT_INSTALL), "{}", shown.out);
    assert_eq!(rig.writes(since), [""; 0]);
    // Nobody is there to say yes.
    rig.ksi(&apply).expect(2);

    assert!(installer(&rig).contains("pod/"), "{}", installer(&rig));
    let said = rig.ksi(&[&apply[..], &["--yes", "-o", "json"]].concat()).expect(0);
    assert_eq!(installer(&rig), "");
    let events: Vec<Value> =
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let place = |is: &dyn Fn(&Value) -> bool| events.iter().position(is).unwrap();
    let locked = place(&|e| e["type"] == "status" && e["state"] == "locked");
    let gone = place(&|e| e["type"] == "prune" && e["object"]["name"] == "ks-installer");
    let first = place(&|e| e["type"] == "apply");
    assert!(locked < gone && gone < first, "{}", said.out);
    let adopted = events.iter().filter(|e| e["type"] == "apply" && e["state"] == "adopt").count();
    assert_eq!(adopted, planned, "a dry run foresees it");
    let after = rig.json("-n kubesphere-system deployment ks-apiserver");
    assert_eq!(before["metadata"]["uid"], after["metadata"]["uid"], "{}", said.err);
    assert_eq!(before["spec"]["selector"], after["spec"]["selector"]);
    let image = after["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
    assert!(image.ends_with(":v3.4.1"), "{image}");
    let config = rig.json("-n kubesphere-system configmap kubesphere-config");
    let text = config["data"]["kubesphere.yaml"].as_str().unwrap();
    assert!(text.contains(OLD_SECRET) && text.contains("theirs:"), "{text}");
    assert!(text.contains("host: openldap."), "{text}");
    assert!(rig.has(&format!("secret kubesphere-sa-token -n {SYSTEM}")));

    // A jwtSecret of the guides is a warning where it is in use, and refused where it is not.
    let with = |secret: &str| {
        let set = format!("authentication.jwtSecret={secret}");
        rig.ksi(&[&apply[..], &["--dry-run", "--set", &set]].concat())
    };
    let said = with(OLD_SECRET).expect(0);
    assert!(said.err.contains("warning[KSI0057]"), "{}", said.err);
    assert!(!said.err.contains(OLD_SECRET), "{}", said.err);
    let said = with("QVguGh7qnURywHn2od9IiOX6X8f8wK8g").expect(3);
    assert!(said.err.contains("error[KSI0057]"), "{}", said.err);

    let since = rig.mark();
    rig.ksi(&apply).expect(0);
    assert_eq!(rig.writes(since), [""; 0]);
}

/// What else there is where ks-installer was: its own parts, a release, accounts and what users have. The
/// controller does not run, so that its webhook has nobody behind it.
const REST: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: ks-installer, namespace: kubesphere-system}
spec:
  selector: {matchLabels: {app: ks-installer}}
  template:
    metadata: {labels: {app: ks-installer}}
    spec: {containers: [{name: installer, image: "kubesphere/ks-installer:v3.4.1"}]}
---
apiVersion: iam.kubesphere.io/v1alpha2
kind: User
metadata: {name: admin, finalizers: [finalizers.kubesphere.io/users]}
spec: {email: admin@kubesphere.io}
---
apiVersion: iam.kubesphere.io/v1alpha2
kind: User
metadata: {name: alice, finalizers: [finalizers.kubesphere.io/users]}
spec: {email: alice@example.com}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: of-the-release
  annotations: {meta.helm.sh/release-name: ks-core, meta.helm.sh/release-namespace: kubesphere-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: of-a-user}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, finalizers: [finalizers.kubesphere.io/namespaces]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: mine, namespace: shop}
"#;

const WEBHOOK: &str = r"
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: users.iam.kubesphere.io}
webhooks:
  - name: users.iam.kubesphere.io
    admissionReviewVersions: [v1]
    sideEffects: None
    failurePolicy: Fail
    clientConfig: {service: {namespace: kubesphere-system, name: ks-controller-manager}}
    rules: [{apiGroups: [iam.kubesphere.io], apiVersions: [v1alpha2], operations: ['*'], resources: [users]}]
";

/// A revision as helm stores it. Of the two roles in its manifest only one says that helm made it.
fn release_secret() -> Value {
    let role = |name: &str| {
        format!(
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: {name}}}\n"
        )
    };
    let manifest = role("of-the-release") + &role("of-a-user");
    let release = json!({"name": "ks-core", "version": 1, "manifest": manifest});
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(release.to_string().as_bytes()).unwrap();
    let encoded = STANDARD.encode(STANDARD.encode(packed.finish().unwrap()));
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
        "metadata": {"name": "sh.helm.release.v1.ks-core.v1", "namespace": SYSTEM,
            "labels": {"owner": "helm", "name": "ks-core", "version": "1", "status": "deployed"}},
        "data": {"release": encoded},
    })
}

#[test]
fn what_ks_installer_installed_is_removed_without_being_taken_over() {
    let release = release();
    let Some(rig) = Rig::bare(release) else { return };
    rig.kubectl(&format!("apply -f {}", root().join("deploy/crd.yaml").display()));
    installed_by_ks_installer(&rig, release);
    rig.kubectl_file("create", REST);
    rig.make(release_secret());
    rig.kubectl(&format!("scale deployment ks-controller-manager -n {SYSTEM} --replicas=0"));
    rig.make(WEBHOOK);

    let since = rig.mark();
    let listed = rig.ksi(&["uninstall", "--dry-run"]).expect(0);
    for line in [
        "delete Deployment/kubesphere-system/ks-installer",
        "delete Deployment/kubesphere-system/ks-apiserver",
        "delete Secret/kubesphere-system/sh.helm.release.v1.ks-core.v1",
        "delete ClusterRole/of-the-release",
        "delete ValidatingWebhookConfiguration/users.iam.kubesphere.io",
        "delete User/admin",
        "keep CustomResourceDefinition/clusterconfigurations.installer.kubesphere.io",
        "keep Namespace/kubesphere-system",
        "ks-controller-manager, which does not run, from 3 objects: 2 User, Namespace/shop",
    ] {
        assert!(listed.out.contains(line), "{line}: {}", listed.out);
    }
    assert!(listed.err.contains("was installed by ks-installer"), "{}", listed.err);
    for stays in ["of-a-user", "User/alice (", OLD_SECRET] {
        assert!(!listed.out.contains(stays), "{stays}: {}", listed.out);
    }
    let json = rig.ksi(&["uninstall", "--dry-run", "-o", "json"]).expect(0);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["released"].as_array().unwrap().len(), 3, "{json:#}");
    rig.ksi(&["uninstall"]).expect(2);
    assert_eq!(rig.writes(since), [""; 0]);

    let said = rig.ksi(&["uninstall", "--yes", "--timeout", "3m"]).expect(0);
    eprintln!("{}", said.err);
    rig.nothing_is_terminating();
    for gone in [
        "deployment ks-installer -n kubesphere-system",
        "deployment ks-apiserver -n kubesphere-system",
        "secret sh.helm.release.v1.ks-core.v1 -n kubesphere-system",
        "clusterrole of-the-release",
        "validatingwebhookconfiguration users.iam.kubesphere.io",
        "users.iam.kubesphere.io admin",
    ] {
        assert!(!rig.has(gone), "{gone}");
    }
    for stays in [
        "users.iam.kubesphere.io alice",
        "cc ks-installer -n kubesphere-system",
        "clusterrole of-a-user",
        "configmap mine -n shop",
    ] {
        assert!(rig.has(stays), "{stays}");
    }
    assert_eq!(rig.values()["jwtSecret"], OLD_SECRET, "a later installation goes on with it");
    let help = "to delete them, run again with --delete-crds --delete-namespaces";
    assert!(said.err.contains(help), "{}", said.err);
    rig.kubectl("delete namespace shop --timeout=60s");

    let all = [
        "uninstall",
        "--yes",
        "--timeout",
        "3m",
        "--delete-crds",
        "--delete-data",
        "--delete-namespaces",
    ];
    let said = rig.ksi(&all).expect(0);
    eprintln!("{}", said.err);
    rig.nothing_is_terminating();
    assert!(!rig.has(&format!("namespace {SYSTEM}")));
    let kinds = rig.kubectl("get crd -o name");
    assert!(!kinds.contains("kubesphere.io"), "{kinds}");
    assert!(rig.has("clusterrole of-a-user"));
    let nothing = rig.ksi(&["uninstall", "--yes"]).expect(0);
    assert!(nothing.err.contains("nothing is installed"), "{}", nothing.err);
}

/// How many objects a dry run adopts.
fn adoptions(said: &Said) -> usize {
    said.out.lines().filter(|line| line.starts_with("~ adopt ")).count()
}

#[test]
fn lost_values_come_back_and_a_dry_run_says_what_a_run_does() {
    let release = release();
    let Some(rig) = Rig::start(release) else { return };
    let host = sample("host.yaml");
    let manifests = Manifests::of(&root().join("samples/host.yaml"), &release.to_string());
    for folders in [&["00-", "10-"][..], &["20-", "30-", "40-", "50-", "60-"]] {
        let mut command = rig.plane().kubectl_command();
        command.args(["apply", "--server-side", "--force-conflicts"]);
        for file in manifests.files(folders) {
            command.arg("-f").arg(file);
        }
        let said = command.output().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        rig.kubectl("wait --for=condition=Established --timeout=60s crd --all");
    }
    let apply = ["apply", "-f", &host, "--wait=false", "--timeout", "2m"];
    let certificate = format!("secret ks-controller-manager-webhook-cert -n {SYSTEM}");
    let ca = rig.json(&format!("secret tower-ca -n {SYSTEM}"))["data"].clone();

    // Nobody answers webhooks here, so they were left out. Without any stored value, and without some that are nowhere else.
    rig.kubectl(&format!("delete {certificate}"));
    let foreseen = rig.ksi(&[&apply[..], &["--dry-run"]].concat()).expect(0);
    rig.ksi(&[&apply[..], &["--dry-run=server"]].concat()).expect(0);
    let done = rig.ksi(&[&apply[..], &["--yes"]].concat()).expect(0);
    assert!(adoptions(&foreseen) > 100, "{}", foreseen.out);
    assert!(done.err.contains(&format!("{} adopted", adoptions(&foreseen))), "{}", done.err);
    assert_eq!(rig.json(&format!("secret tower-ca -n {SYSTEM}"))["data"], ca);

    // Lost beside an inventory: only stored again.
    let mut values = rig.values();
    rig.kubectl(&format!("delete secret ksi-values -n {SYSTEM}"));
    rig.ksi(&["diff", "-f", &host]).expect(0);
    let since = rig.mark();
    rig.ksi(&[&apply[..], &["--yes"]].concat()).expect(0);
    assert_eq!(rig.changes(since), ["create secrets/ksi-values"]);
    let mut after = rig.values();
    for nowhere_else in ["webhookCA.key", "redisPassword"] {
        values.remove(nowhere_else);
        after.remove(nowhere_else);
    }
    assert!(after == values, "{:?}", after.keys());

    // The authority of the webhooks is lost, too.
    rig.kubectl(&format!("delete secret ksi-values -n {SYSTEM}"));
    rig.kubectl(&format!("delete {certificate}"));
    let shown = rig.ksi(&["diff", "-f", &host]).expect(1);
    let bundle = format!("caBundle: {AT_INSTALL}");
    assert!(shown.out.contains(&bundle), "{}", shown.out);
    rig.ksi(&[&apply[..], &["--dry-run=server"]].concat()).expect(0);
    rig.ksi(&[&apply[..], &["--yes"]].concat()).expect(0);
    rig.ksi(&["diff", "-f", &host]).expect(0);
}
