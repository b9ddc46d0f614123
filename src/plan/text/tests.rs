//! What people read.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;

use super::*;
use crate::object::{Object, ObjectId, Policy};
use crate::plan::{Observed, plan};

fn object(policy: Policy, body: Value) -> Object {
    Object { id: ObjectId::of(&body).unwrap(), component: "ks-core".into(), policy, body }
}

fn config(text: &str) -> Object {
    let body = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "kubesphere-config", "namespace": "kubesphere-system"},
        "data": {"kubesphere.yaml": text},
    });
    object(Policy::Embedded, body)
}

fn secret(value: &str) -> Object {
    let body = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "ns"},
        "data": {"secret": BASE64_STANDARD.encode(value), "fixed": BASE64_STANDARD.encode("same")},
    });
    object(Policy::Apply, body)
}

fn observed(objects: &[Object]) -> Observed {
    Observed {
        objects: objects.iter().map(|o| (o.id.clone(), o.body.clone())).collect(),
        ..Observed::default()
    }
}

#[test]
fn changes_look_as_kubectl_diff_shows_them() {
    let old = "authentication:\n  jwtSecret: old\n  multipleLogin: true\nmulticluster:\n  clusterRole: none\n";
    let new = "multicluster:\n  clusterRole: host\n  enable: true\nauthentication:\n  jwtSecret: new\n  multipleLogin: true\n";
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kubesphere-system"}});
    let desired = [config(new), secret("new"), object(Policy::Apply, namespace)];
    let plan = plan(&desired, &observed(&[config(old), secret("old")]));
    let expected = r#"+ create Namespace/kubesphere-system (ks-core)
+apiVersion: v1
+kind: Namespace
+metadata:
+  name: kubesphere-system

~ update Secret/ns/s (ks-core)
@@ -4,5 +4,5 @@
   name: s
   namespace: ns
 data:
-  secret: "*** (#1)"
+  secret: "*** (#3)"
   fixed: "*** (#2)"

~ update ConfigMap/kubesphere-system/kubesphere-config (ks-core)
@@ -6,7 +6,8 @@
 data:
   kubesphere.yaml: |
     multicluster:
-      clusterRole: none
+      clusterRole: host
+      enable: true
     authentication:
-      jwtSecret: "*** (#1)"
+      jwtSecret: "*** (#3)"
       multipleLogin: true

Plan: 1 create, 2 update, 0 adopt, 0 delete, 0 conflict, 0 unchanged
"#;
    assert_eq!(text(&plan, TextOptions::default()), expected);
    let summary = text(&plan, TextOptions { summary_only: true, ..TextOptions::default() });
    let expected = "+ create Namespace/kubesphere-system (ks-core)\n~ update Secret/ns/s (ks-core)\n\
        ~ update ConfigMap/kubesphere-system/kubesphere-config (ks-core)\n\
        Plan: 1 create, 2 update, 0 adopt, 0 delete, 0 conflict, 0 unchanged\n";
    assert_eq!(summary, expected);
}

#[test]
fn colour_adds_no_meaning() {
    let made = plan(&[secret("new")], &observed(&[secret("old")]));
    let plain = text(&made, TextOptions::default());
    let coloured = text(&made, TextOptions { colour: true, ..TextOptions::default() });
    assert!(coloured.contains("\u{1b}["));
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}

#[test]
fn without_changes_there_is_only_the_summary() {
    let plan = plan(&[secret("a")], &observed(&[secret("a")]));
    assert!(!plan.has_changes());
    let expected = "Plan: 0 create, 0 update, 0 adopt, 0 delete, 0 conflict, 1 unchanged\n";
    assert_eq!(text(&plan, TextOptions::default()), expected);
}

#[test]
fn names_from_elsewhere_do_not_steer_the_terminal() {
    let body =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a\u{1b}[2Jb"}});
    let shown =
        text(&plan(&[object(Policy::Apply, body)], &Observed::default()), TextOptions::default());
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    assert!(shown.starts_with("+ create ConfigMap/a\\u{1b}[2Jb"), "{shown:?}");
}

#[test]
fn federated_objects_are_counted() {
    let secrets: Vec<Object> = ["a", "b"]
        .map(|name| {
            let mut body = secret("x").body;
            body["metadata"]["name"] = name.into();
            object(Policy::Apply, body)
        })
        .into();
    let live = secrets.iter().map(|secret| {
        let mut live = secret.clone();
        live.body["metadata"]["labels"] = json!({"kubefed.io/managed": "true"});
        live
    });
    let live: Vec<Object> = live.collect();
    let made = plan(&secrets, &observed(&live));
    let shown = text(&made, TextOptions { summary_only: true, ..TextOptions::default() });
    assert!(shown.starts_with("= keep 2 objects: managed by KubeFed"), "{shown}");
    assert_eq!(shown.lines().count(), 2);
    let options = TextOptions { summary_only: true, list_all: true, ..TextOptions::default() };
    let all = text(&made, options);
    assert!(all.contains("= keep Secret/ns/a (ks-core): managed by KubeFed"), "{all}");
    let one = text(&plan(&secrets[..1], &observed(&live)), TextOptions::default());
    assert!(one.starts_with("= keep Secret/ns/a (ks-core)"), "{one}");
}
