//! From an installer of KubeSphere 3 to nothing: guards, history, rollback, uninstall; and everything
//! that others made is still there in the end.

use std::io::{BufRead as _, BufReader};

use sandbox::control_plane::ControlPlane;
use serde_json::Value;

use crate::hands::{Hands, SYSTEM, policy_against};
use crate::installed::{Rig, Said, ksi, release, sample};

const APPLY: [&str; 4] = ["--yes", "--wait=false", "--timeout", "3m"];
/// The jwtSecret to which the sample of a member refers.
const SECRET: &str = "Uo4vT1cXq8Jm2WzKd7RbY5nHs0LpGf3E";

const HELD: &str = r#"{"metadata":{"finalizers":["finalizers.kubesphere.io/namespaces"]}}"#;

struct World(Rig);

impl Hands for World {
    fn plane(&self) -> &ControlPlane {
        self.0.plane()
    }
}

impl World {
    fn apply(&self, sample_name: &str, more: &[&str]) -> Said {
        let file = sample(sample_name);
        self.0.ksi(&[&["apply", "-f", &file], &APPLY[..], more].concat())
    }

    fn uninstall(&self, more: &[&str]) -> Said {
        let said = self.0.ksi(&[&["uninstall", "--yes", "--timeout", "3m"], more].concat());
        eprintln!("{}", said.err);
        said
    }

    /// As somebody who stays when the namespace of the account goes.
    fn uninstall_all(&self, more: &[&str]) -> Said {
        let said = self.0.admin(&[&["uninstall", "--yes", "--timeout", "3m"], more].concat());
        eprintln!("{}", said.err);
        said
    }

    fn history(&self) -> Vec<Value> {
        let said = self.0.ksi(&["history", "-o", "json"]).expect(0);
        assert!(!said.out.contains(SECRET), "{}", said.out);
        serde_json::from_str(&said.out).unwrap()
    }

    /// What others made, before and beside ksi.
    fn make_foreign_things(&self) {
        for line in [
            "create namespace user",
            "create configmap mine -n user --from-literal=a=b",
            "create clusterrole somebody --verb=get --resource=pods",
            "label clusterrole cluster-admin team=a",
            "create service clusterip mc-x -n kubesphere-system --tcp=80",
            "create deployment ks-installer -n kubesphere-system --image=x --replicas=1",
            // As ks-controller-manager does on every namespace, whoever made it.
            &format!("patch namespace user --type=merge -p {HELD}"),
            &format!("patch namespace default --type=merge -p {HELD}"),
        ] {
            self.kubectl(line);
        }
    }

    fn foreign_things_are_there(&self) {
        for what in ["configmap mine -n user", "clusterrole somebody", "clusterrole cluster-admin"]
        {
            assert!(self.has(what), "{what}");
        }
        let labels = self.kubectl("get clusterrole cluster-admin -o jsonpath={.metadata.labels}");
        assert!(labels.contains(r#""team":"a""#), "{labels}");
        assert!(labels.contains("bootstrapping"), "{labels}");
    }
}

#[test]
fn what_ksi_made_goes_and_everything_else_stays() {
    let Some(rig) = Rig::start(release()) else { return };
    let world = World(rig);
    world.make_foreign_things();
    let untouched = world.kubectl("get clusterrole cluster-admin -o jsonpath={.metadata.labels}");

    installer_is_refused_and_replaced(&world);
    role_is_guarded(&world);
    rollback_keeps_the_secret(&world);
    rollback_after_a_failure_is_to_the_last_good_one(&world);

    let listed = world.0.ksi(&["uninstall", "--dry-run"]).expect(0);
    assert!(listed.out.contains("delete User/admin"), "{}", listed.out);
    assert!(listed.out.contains("to delete it, use --delete-crds"), "{}", listed.out);
    let held = "remove the finalizers of Deployment/kubesphere-system/ks-controller-manager, which is deleted, \
                from 2 objects: 2 Namespace";
    assert!(listed.out.contains(held), "{}", listed.out);
    let said = world.uninstall(&[]).expect(0);
    let released = "released Namespace/user: removed finalizer finalizers.kubesphere.io/namespaces";
    assert!(said.err.contains(released), "{}", said.err);
    assert!(said.err.contains(", 2 released, "), "{}", said.err);
    world.foreign_things_are_there();
    world.nothing_is_terminating();
    assert!(world.has("service mc-x -n kubesphere-system"));
    assert!(world.has("secret ksi-values -n kubesphere-system"));
    assert!(world.has("crd users.iam.kubesphere.io"));
    assert!(!world.has("users.iam.kubesphere.io admin"));
    assert!(!world.has("deployment ks-apiserver -n kubesphere-system"));
    assert!(!world.has("secret kubesphere-secret -n kubesphere-system"));
    let labels = world.kubectl("get clusterrole cluster-admin -o jsonpath={.metadata.labels}");
    assert_eq!(labels, untouched, "only our label goes");
    let since = world.mark();
    world.uninstall(&[]).expect(0);
    assert_eq!(world.changes(since), [""; 0]);
    let status = world.0.ksi(&["status"]).expect(1);
    assert!(status.err.contains("ksi uninstalled it and kept"), "{}", status.err);
    assert!(status.err.contains("CustomResourceDefinition"), "{}", status.err);
    world.0.ksi(&["wait", "--for", "deleted", "--timeout", "20s"]).expect(0);
    world.0.ksi(&["wait", "--timeout", "20s"]).expect(1);

    what_others_made_in_namespaces_is_told(&world);

    // Without leave to delete CRDs, the record of them stays, and the namespace that holds it.
    let kept = world.uninstall(&["--delete-namespaces", "--delete-data"]).expect(0);
    assert!(kept.err.contains("contains ksi's inventory"), "{}", kept.err);
    assert!(world.has(&format!("namespace {SYSTEM}")));
    others_go_with_their_kinds(&world);
    world.foreign_things_are_there();
    world.nothing_is_terminating();
    assert!(!world.has(&format!("namespace {SYSTEM}")));
    assert!(!world.has("crd users.iam.kubesphere.io"));
    let nothing = world.uninstall_all(&[]).expect(0);
    assert!(nothing.err.contains("nothing is installed"), "{}", nothing.err);
    assert!(!world.has(&format!("namespace {SYSTEM}")), "looking makes nothing");
    world.kubectl("delete namespace user --timeout=60s");
    what_somebody_else_left_is_cleaned_up(&world);
}

/// As if KubeSphere had been removed in another way: a namespace that somebody deletes hangs until then.
fn what_somebody_else_left_is_cleaned_up(world: &World) {
    world.kubectl("create namespace shop");
    world.kubectl(&format!("patch namespace shop --type=merge -p {HELD}"));
    world.kubectl(&format!("patch namespace default --type=merge -p {HELD}"));
    world.kubectl("delete namespace shop --wait=false");
    let found = world.0.admin(&["check", "--pre", "-o", "short"]).expect(4);
    assert!(found.out.contains("its finalizers are still on 2 objects"), "{}", found.out);
    assert!(found.out.contains("ksi cleanup finalizers"), "{}", found.out);

    let since = world.mark();
    let listed = world.0.admin(&["cleanup", "finalizers", "--dry-run"]).expect(0);
    let line = "Namespace/shop: finalizer finalizers.kubesphere.io/namespaces of \
                Deployment/kubesphere-system/ks-controller-manager, terminating";
    assert!(listed.out.lines().any(|listed| listed == line), "{}", listed.out);
    world.0.admin(&["cleanup", "finalizers"]).expect(2);
    assert_eq!(world.writes(since), [""; 0]);
    let said = world.0.admin(&["cleanup", "finalizers", "--yes"]).expect(0);
    assert!(said.err.contains("released Namespace/shop"), "{}", said.err);
    world.kubectl("wait --for=delete namespace shop --timeout=60s");
    let again = world.0.admin(&["cleanup", "finalizers", "--yes"]).expect(0);
    assert!(again.err.contains("no object has a finalizer"), "{}", again.err);
}

const INSIDE: &str = r"
apiVersion: v1
kind: ConfigMap
metadata: {name: mine, namespace: kubesphere-monitoring-system}
---
apiVersion: v1
kind: Secret
metadata: {name: mine, namespace: kubesphere-monitoring-system}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: mine, namespace: kubesphere-monitoring-system}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";

/// What somebody made in a namespace of ours is counted and named, and their data keeps it.
fn what_others_made_in_namespaces_is_told(world: &World) {
    let monitoring = "kubesphere-monitoring-system";
    world.make(INSIDE);
    let all = ["uninstall", "--dry-run", "--delete-crds", "--delete-namespaces"];
    let kept = world.0.admin(&all).expect(0);
    let reason = format!("contains PersistentVolumeClaim/{monitoring}/mine of others");
    assert!(kept.out.contains(&reason), "{}", kept.out);
    let listed = world.0.admin(&[&all[..], &["--delete-data"]].concat()).expect(0);
    let line = listed.out.lines().find(|line| line.contains(&format!("namespace {monitoring}: ")));
    let line = line.unwrap_or_else(|| panic!("{}", listed.out));
    for one in ["1 ConfigMap (mine)", "1 Secret (mine)", "1 PersistentVolumeClaim (mine)"] {
        assert!(line.contains(one), "{line}");
    }
    assert_eq!(line.matches('(').count(), 3, "nothing that Kubernetes makes: {line}");
    let json = world.0.admin(&[&all[..], &["--delete-data", "-o", "json"]].concat()).expect(0);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    let lost = json["lost"].as_array().unwrap().iter();
    assert_eq!(lost.filter(|one| one["namespace"] == monitoring).count(), 3, "{json:#}");
    // The account may not see it all, and says so.
    let unseen = world.0.ksi(&[&all[..], &["--delete-data"]].concat());
    assert!(unseen.code == 7 || unseen.out.contains("not counted, since they cannot be listed: "));
    world.kubectl(&format!("delete -n {monitoring} pvc/mine configmap/mine secret/mine"));
}

const EVERYTHING: [&str; 3] = ["--delete-crds", "--delete-data", "--delete-namespaces"];

/// What users and controllers made of our kinds is counted first; it goes while nothing else does, and the
/// namespaces of a workspace stay. Nobody runs any more who would take finalizers off: the test does.
fn others_go_with_their_kinds(world: &World) {
    world.make(OTHERS);
    let uid = world.kubectl("get workspace team -o jsonpath={.metadata.uid}");
    let owner = format!(
        r#"{{"metadata":{{"ownerReferences":[{{"apiVersion":"tenant.kubesphere.io/v1alpha1","kind":"Workspace","name":"team","uid":"{uid}","controller":true,"blockOwnerDeletion":true}}]}}}}"#
    );
    world.kubectl(&format!("patch namespace user --type=merge -p {owner}"));

    for more in [&["--dry-run"][..], &[]] {
        let refused = world.uninstall_all(&[&EVERYTHING, more].concat()).expect(2);
        assert!(refused.err.contains("would lose their host: member1"), "{}", refused.err);
        assert!(refused.err.contains("--yes-break-members"), "{}", refused.err);
    }
    let all = [&EVERYTHING[..], &["--yes-break-members"]].concat();
    let listed = world.uninstall_all(&[&all[..], &["--dry-run"]].concat()).expect(0);
    let counted = "cluster-scoped: 1 Cluster (member1), 1 User (alice), 1 Workspace (team)";
    assert!(listed.out.contains(counted), "{}", listed.out);
    assert!(listed.out.contains("1 Service (mc-x)"), "{}", listed.out);

    let arguments = [&["uninstall", "--yes", "--timeout", "2m"], &all[..]].concat();
    let mut command = ksi(&world.plane().kubeconfig(), &arguments);
    let mut running = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(running.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut told: Vec<String> = Vec::new();
    let held = "User/alice (crds): is being deleted: waiting for finalizer \
                finalizers.kubesphere.io/unknown (its controller \
                Deployment/kubesphere-system/ks-controller-manager does not exist)";
    told.extend(lines.by_ref().take_while(|line| !line.contains(held)));
    assert!(running.try_wait().unwrap().is_none(), "it waits: {told:#?}");
    assert!(world.has("crd users.iam.kubesphere.io"));
    world.kubectl(
        r#"patch users.iam.kubesphere.io alice --type=merge -p {"metadata":{"finalizers":null}}"#,
    );
    told.extend(lines);
    assert_eq!(running.wait().unwrap().code(), Some(0), "{told:#?}");
    assert!(told.iter().any(|line| line.ends_with("lose their host: member1")), "{told:#?}");
    let owners = world.kubectl("get namespace user -o jsonpath={.metadata.ownerReferences}");
    assert_eq!(owners, "", "its namespace stays and is nobody's");
}

const OTHERS: &str = r"
apiVersion: iam.kubesphere.io/v1alpha2
kind: User
metadata: {name: alice, finalizers: [finalizers.kubesphere.io/users, finalizers.kubesphere.io/unknown]}
spec: {email: alice@example.com}
---
apiVersion: tenant.kubesphere.io/v1alpha1
kind: Workspace
metadata: {name: team}
spec: {manager: alice}
---
apiVersion: cluster.kubesphere.io/v1alpha1
kind: Cluster
metadata: {name: member1}
spec: {joinFederation: true, connection: {type: proxy}}
";

fn installer_is_refused_and_replaced(world: &World) {
    world.kubectl(&format!(
        "create secret generic host-jwt -n {SYSTEM} --from-literal=jwtSecret={SECRET}"
    ));
    let refused = world.apply("member.yaml", &[]).expect(2);
    assert!(refused.err.contains("--replace-ks-installer"), "{}", refused.err);
    let foreseen = ["--dry-run=server", "--replace-ks-installer"];
    let probe = format!("create secret generic kubesphere-secret --dry-run=server -n {SYSTEM}");
    let policy = policy_against("kubesphere-secret");
    world.make(&policy);
    world.await_kubectl(&probe, false);
    let said = world.apply("member.yaml", &foreseen).expect(4);
    assert!(said.err.contains("rejected Secret/kubesphere-system/"), "{}", said.err);
    world.kubectl_file("delete", &policy);
    world.await_kubectl(&probe, true);
    world.apply("member.yaml", &foreseen).expect(0);
    assert!(world.has("deployment ks-installer -n kubesphere-system"), "it was only asked");
    let said = world.apply("member.yaml", &["--replace-ks-installer"]);
    eprintln!("{}", said.err);
    said.expect(0);
    assert!(!world.has("deployment ks-installer -n kubesphere-system"));
    assert!(world.has("serviceaccount ks-installer -n kubesphere-system"));
}

fn role_is_guarded(world: &World) {
    let refused = world.apply("none.yaml", &[]).expect(2);
    assert!(refused.err.contains("from member to none"), "{}", refused.err);
    assert!(refused.err.contains("--allow-role-change"), "{}", refused.err);
}

fn rollback_keeps_the_secret(world: &World) {
    assert_eq!(world.history().len(), 1);
    world.apply("member.yaml", &[]).expect(0);
    assert_eq!(world.history().len(), 1, "the same configuration is kept once");
    world.apply("member.yaml", &["--set", "common.redis.enabled=true"]).expect(0);
    assert!(world.has("deployment redis -n kubesphere-system"));
    let said = world.0.ksi(&[&["rollback"], &APPLY[..]].concat());
    eprintln!("{}", said.err);
    let said = said.expect(0);
    assert!(!said.err.contains("KSI0047"), "nobody wrote these keys: {}", said.err);
    assert!(!world.has("deployment redis -n kubesphere-system"));
    let config = world.kubectl("get configmap kubesphere-config -n kubesphere-system -o yaml");
    assert!(config.contains(SECRET), "the secret of the file was lost");
    let revisions = world.history();
    assert_eq!(revisions.len(), 3);
    assert_eq!(revisions[0]["specHash"], revisions[2]["specHash"]);
    world.0.ksi(&["diff", "-f", &sample("member.yaml")]).expect(0);
}

/// A run that fails is in the history, marked, and is not what `rollback` takes for current.
fn rollback_after_a_failure_is_to_the_last_good_one(world: &World) {
    let rule =
        "{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}";
    let secrets =
        r#"{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [secrets]}"#;
    let policy = policy_against("redis").replace(secrets, rule);
    let probe = format!("create deployment redis --image=x --dry-run=server -n {SYSTEM}");
    world.make(&policy);
    world.await_kubectl(&probe, false);
    world.apply("member.yaml", &["--set", "common.redis.enabled=true"]).expect(4);
    let revisions = world.history();
    assert_eq!(revisions.len(), 4);
    let results: Vec<_> = revisions.iter().map(|r| r["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["applied", "applied", "applied", "failed"]);
    assert!(revisions[3]["by"].as_str().unwrap().contains('@'), "{}", revisions[3]["by"]);
    assert!(revisions[3]["error"].as_str().unwrap().contains("did not complete"));
    let table = world.0.ksi(&["history"]).expect(0);
    assert!(table.out.lines().last().unwrap().contains("failed"), "{}", table.out);
    let shown = world.0.ksi(&["history", "show"]).expect(0);
    assert!(shown.out.starts_with("# revision 3, applied "), "{}", shown.out);
    let compared = world.0.ksi(&["history", "diff", "3", "4"]).expect(0);
    assert!(compared.out.contains("+      enabled: true"), "{}", compared.out);
    let status = world.0.ksi(&["status"]);
    assert!(status.out.contains("Last run    apply by "), "{}", status.out);
    assert!(status.out.contains("failed: the run did not complete"), "{}", status.out);
    let said = world.0.ksi(&[&["rollback"], &APPLY[..]].concat()).expect(0);
    assert!(said.err.contains("applying revision 3 of"), "{}", said.err);
    let status = world.0.ksi(&["status", "-o", "json"]);
    let status: Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(status["lastRun"]["state"], "succeeded");
    let kept: Vec<_> = status["kept"].as_array().unwrap().iter().map(|id| &id["kind"]).collect();
    assert_eq!(
        kept,
        ["PersistentVolumeClaim", "Secret"],
        "those of Redis are no part of the state"
    );
    let components = status["components"].as_array().unwrap();
    assert!(components.iter().all(|component| component["name"] != "redis"), "{components:?}");
    world.kubectl_file("delete", &policy);
    world.await_kubectl(&probe, true);
    let revisions = world.history();
    assert_eq!(revisions[4]["specHash"], revisions[0]["specHash"]);
    assert!(!world.has("deployment redis -n kubesphere-system"));
}
