//! Review and execution against targets in memory and in directories.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use ksi::config::{Input, Role};
use ksi::diagnostic::Code;
use ksi::engine::{self, Stop};
use ksi::install::{
    ApplyRequest, Consent, Consents, DryRun, Error, Prepared, Review, Risk, Session, Source,
    UninstallRequest, diff, execute, review, review_uninstall,
};
use ksi::object::{DryRunResult, FieldConflict, ObjectId};
use ksi::plan::Action;
use ksi::target::{Directory, Store as _, Target};
use serde_json::json;

use crate::engine::doubles::{Faults, Memory};

const JWT_SECRET: &str = "canary-jwt-0123456789-0123456789";

fn prepared(role: &str) -> Prepared {
    with(role, &format!("jwtSecret: {JWT_SECRET}"))
}

fn with(role: &str, authentication: &str) -> Prepared {
    parsed(&format!(
        "authentication: {{{authentication}}}\n  multicluster: {{clusterRole: {role}}}"
    ))
}

fn parsed(spec: &str) -> Prepared {
    let head = "apiVersion: installer.kubesphere.io/v1alpha1\nkind: ClusterConfiguration\n";
    let text = format!("{head}spec:\n  {spec}\n");
    let input = Input { name: "test.yaml".into(), bytes: text.into_bytes() };
    Source { inputs: vec![input], ..Source::default() }.load().check().unwrap()
}

fn request(prepared: &Prepared) -> ApplyRequest<'_> {
    ApplyRequest {
        prepared,
        consents: Consents::default(),
        components: Vec::new(),
        force_conflicts: false,
        take: Vec::new(),
        take_back: None,
        wait: true,
        fail_fast: true,
        dry_run: None,
        skip_checks: Vec::new(),
        history_max: 10,
    }
}

fn session<T: Target>(target: T) -> Session<T> {
    Session::new(target, Duration::from_secs(60), Stop::default())
}

fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn texts(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for folder in std::fs::read_dir(root).into_iter().flatten().map(|entry| entry.unwrap().path()) {
        for path in std::fs::read_dir(&folder).into_iter().flatten().map(|e| e.unwrap().path()) {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            found.insert(path.strip_prefix(root).unwrap().display().to_string(), text);
        }
    }
    found
}

fn role_change() -> Risk {
    Risk::RoleChange { before: Role::Host, after: Role::None, members: vec!["m1".into()] }
}

#[test]
fn a_risk_without_consent_stops_everything() {
    let prepared = prepared("none");
    let session = session(Memory::default());
    let mut review = wait(review(&session, &request(&prepared))).unwrap();
    review.risks.push(role_change());
    let mut events = 0;
    let mut count = |_| events += 1;
    let other: Consents = [Consent::BreakMembers, Consent::DeleteCrds].into_iter().collect();
    for consents in [Consents::default(), other] {
        let answer = wait(execute(&session, &review, &consents, &mut count));
        assert!(matches!(answer, Err(Error::Unconfirmed(risks)) if risks == [role_change()]));
    }
    assert_eq!(events, 0);
    assert!(session.target().log().is_empty(), "{:?}", session.target().log());
    assert!(session.target().objects().is_empty());
}

#[test]
fn with_consent_it_is_carried_out_and_then_there_is_nothing_to_do() {
    let prepared = prepared("none");
    let session = session(Memory::default());
    let mut first = wait(review(&session, &request(&prepared))).unwrap();
    first.risks.push(role_change());
    let consents = [Consent::RoleChange].into_iter().collect();
    let outcome = wait(execute(&session, &first, &consents, &mut |_| {})).unwrap();
    assert!(outcome.summary.create > 50, "{:?}", outcome.summary);
    assert_eq!(outcome.history_error, None);
    let again = wait(review(&session, &request(&prepared))).unwrap();
    assert!(!again.planned.plan.has_writes());
    let before = session.target().log();
    wait(execute(&session, &again, &Consents::default(), &mut |_| {})).unwrap();
    assert_eq!(session.target().log(), before);
}

#[test]
fn a_review_that_is_cancelled_or_executed_after_a_cancel_changes_nothing() {
    let prepared = prepared("none");
    let session = session(Memory::default());
    let found = wait(review(&session, &request(&prepared))).unwrap();
    session.stop().request();
    let answer = wait(execute(&session, &found, &Consents::default(), &mut |_| {}));
    assert!(matches!(answer, Err(Error::Engine(engine::Error::Interrupted))));
    assert!(session.target().log().is_empty());
}

#[test]
fn a_cancel_in_the_middle_ends_the_run_and_the_next_one_goes_on() {
    let prepared = prepared("none");
    let root = tempfile::tempdir().unwrap();
    let first = session(Directory::new(root.path()));
    let found = wait(review(&first, &request(&prepared))).unwrap();
    let stop = first.stop().clone();
    let mut on_event = |event| {
        if matches!(event, engine::Event::Status { state: engine::Phase::Locked, .. }) {
            stop.request();
        }
    };
    let answer = wait(execute(&first, &found, &Consents::default(), &mut on_event));
    assert!(matches!(answer, Err(Error::Engine(engine::Error::Interrupted))));
    let second = session(Directory::new(root.path()));
    let found = wait(review(&second, &request(&prepared))).unwrap();
    wait(execute(&second, &found, &Consents::default(), &mut |_| {})).unwrap();
}

#[test]
fn two_sessions_at_once_share_nothing() {
    let (host, member) = (prepared("host"), prepared("member"));
    let folders = [(); 4].map(|()| tempfile::tempdir().unwrap());
    let apply = async |prepared: &Prepared, root: &Path| {
        let session = session(Directory::new(root));
        let found = review(&session, &request(prepared)).await.unwrap();
        execute(&session, &found, &Consents::default(), &mut |_| {}).await.unwrap().summary
    };
    let [both, alone, other_alone, other] = folders.each_ref().map(tempfile::TempDir::path);
    let at_once = wait(async { futures_util::join!(apply(&host, both), apply(&member, other)) });
    let after = wait(async { (apply(&host, alone).await, apply(&member, other_alone).await) });
    assert_eq!(at_once, after);
    let names = |root: &Path| texts(root).into_keys().collect::<Vec<_>>();
    assert_eq!(names(both), names(alone));
    assert_eq!(names(other), names(other_alone));
    assert_ne!(names(both), names(other));
}

#[test]
fn cancelling_one_session_leaves_the_other_alone() {
    let prepared = prepared("none");
    let (one, other) = (session(Memory::default()), session(Memory::default()));
    let consents = Consents::default();
    let answers = wait(async {
        let request = request(&prepared);
        let (found, others) =
            (review(&one, &request).await.unwrap(), review(&other, &request).await.unwrap());
        one.stop().request();
        let (mut ignored, mut others_ignored) = (|_| {}, |_| {});
        futures_util::join!(
            execute(&one, &found, &consents, &mut ignored),
            execute(&other, &others, &consents, &mut others_ignored),
        )
    });
    assert!(matches!(answers.0, Err(Error::Engine(engine::Error::Interrupted))));
    assert!(answers.1.is_ok());
}

#[test]
fn what_is_uninstalled_is_gone_and_what_needs_consent_is_kept_without_it() {
    let prepared = prepared("none");
    let session = session(Memory::default());
    let found = wait(review(&session, &request(&prepared))).unwrap();
    wait(execute(&session, &found, &Consents::default(), &mut |_| {})).unwrap();
    let none = UninstallRequest { consents: Consents::default(), wait: true };
    let found = wait(review_uninstall(&session, &none)).unwrap();
    assert_eq!(found.risks, []);
    let all = [Consent::DeleteCrds, Consent::DeleteData, Consent::DeleteNamespaces];
    let all = UninstallRequest { consents: all.into_iter().collect(), wait: true };
    let found = wait(review_uninstall(&session, &all)).unwrap();
    // What was reviewed with consent is not executed without it.
    let answer = wait(execute(&session, &found, &none.consents, &mut |_| {}));
    assert!(matches!(answer, Err(Error::Unconfirmed(risks)) if risks.len() == found.risks.len()));
    assert!(found.risks.len() > 1, "{:?}", found.risks);
    wait(execute(&session, &found, &all.consents, &mut |_| {})).unwrap();
    // What belongs to Kubernetes itself was only labelled, and stays.
    let left: Vec<_> = session.target().objects().into_keys().map(|id| id.name).collect();
    let others = ["default", "kube-node-lease", "kube-public", "kube-system", "cluster-admin"];
    assert_eq!(left, others);
}

/// Applies with this consent, and returns the review.
fn apply(session: &Session<Memory>, request: &ApplyRequest<'_>) -> Result<Review, Error> {
    let found = wait(review(session, request))?;
    wait(execute(session, &found, &request.consents, &mut |_| {}))?;
    Ok(found)
}

fn stored(session: &Session<Memory>) -> BTreeMap<String, String> {
    wait(session.target().values()).unwrap().0
}

fn id(api: &str, kind: &str, name: &str) -> ObjectId {
    let metadata = json!({"name": name, "namespace": "kubesphere-system"});
    ObjectId::of(&json!({"apiVersion": api, "kind": kind, "metadata": metadata})).unwrap()
}

/// The jwtSecret that KubeSphere uses.
fn jwt_secret(session: &Session<Memory>) -> String {
    let config = &session.target().objects()[&id("v1", "ConfigMap", "kubesphere-config")];
    ksi::values::jwt_secret_in_use(Some(config)).unwrap()
}

#[test]
fn a_run_of_some_components_stores_only_what_they_contain() {
    let session = session(Memory::default());
    apply(&session, &request(&prepared("host"))).unwrap();
    let before = stored(&session);

    let changed = with("host", "jwtSecret: another-0123456789-0123456789-01");
    let only = |components: &[&str]| ApplyRequest {
        components: components.iter().map(|name| (*name).to_owned()).collect(),
        ..request(&changed)
    };
    apply(&session, &only(&["tower", "kubefed"])).unwrap();
    assert_eq!(stored(&session), before);

    // And so a file without a jwtSecret changes nothing.
    let without = with("host", "");
    let found = apply(&session, &request(&without)).unwrap();
    assert!(!found.planned.plan.has_writes());
    assert_eq!((jwt_secret(&session).as_str(), found.risks), (JWT_SECRET, vec![]));
}

#[test]
fn the_jwt_secret_in_use_stays_without_one_in_the_configuration() {
    let session = session(Memory::default());
    apply(&session, &request(&prepared("host"))).unwrap();
    // As an older ksi stored it, with --only.
    let config = id("v1", "ConfigMap", "kubesphere-config");
    session.target().meddle(&config, |body| {
        let text = body["data"]["kubesphere.yaml"].as_str().unwrap();
        body["data"]["kubesphere.yaml"] =
            text.replace(JWT_SECRET, "in-use-0123456789-0123456789").into();
    });
    let found = apply(&session, &request(&with("host", ""))).unwrap();
    assert_eq!(jwt_secret(&session), "in-use-0123456789-0123456789");
    assert_eq!(found.planned.plan.summary().conflict, 0);
    assert_eq!(stored(&session)["jwtSecret"], "in-use-0123456789-0123456789");
    let again = apply(&session, &request(&with("host", ""))).unwrap();
    assert!(!again.planned.plan.has_writes());
}

#[test]
fn lost_values_are_taken_from_the_objects_that_contain_them() {
    let session = session(Memory::default());
    let configuration = with("host", "");
    apply(&session, &request(&configuration)).unwrap();
    let mut before = stored(&session);
    session.target().forget_values();

    let foreseen = ApplyRequest { dry_run: Some(DryRun::Client), ..request(&configuration) };
    let foreseen = wait(review(&session, &foreseen)).unwrap();
    assert!(!foreseen.planned.plan.has_writes(), "{:?}", foreseen.planned.plan.summary());
    let objects = session.target().objects();
    let found = apply(&session, &request(&configuration)).unwrap();
    assert!(!found.planned.plan.has_writes());
    assert_eq!(session.target().objects(), objects);
    // Nowhere but there, and not needed for as long as the certificates last.
    before.remove("webhookCA.key");
    let mut after = stored(&session);
    // Of what is not installed.
    assert_ne!(after.remove("redisPassword"), before.remove("redisPassword"));
    assert!(after == before, "{:?}", after.keys());
}

#[test]
fn a_password_for_an_existing_admin_is_not_stored() {
    let session = session(Memory::default());
    apply(&session, &request(&with("none", ""))).unwrap();
    let (before, objects) = (stored(&session), session.target().objects());
    let changed = with("none", "adminPassword: Another-0001");
    let found = apply(&session, &request(&changed)).unwrap();
    let codes: Vec<Code> = found.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, [Code::ExistingAdmin]);
    assert!(found.warnings.iter().all(|warning| warning.span.is_some()));
    assert!(!found.planned.plan.has_writes());
    assert_eq!(session.target().objects(), objects);
    assert!(stored(&session) == before);
    // The one that is known is no mistake.
    let same = with("none", &format!("adminPassword: \"{}\"", before["adminPassword"]));
    assert!(apply(&session, &request(&same)).unwrap().warnings.is_empty());
}

#[test]
fn a_role_change_that_was_confirmed_is_over() {
    let memory = session(Memory::default());
    apply(&memory, &request(&prepared("host"))).unwrap();
    let none = prepared("none");
    let refused = apply(&memory, &request(&none));
    assert!(matches!(refused, Err(Error::Unconfirmed(_))));
    let consents: Consents = [Consent::RoleChange].into_iter().collect();
    apply(&memory, &ApplyRequest { consents, ..request(&none) }).unwrap();
    // CRDs and Secrets of the host are kept, and recorded.
    let inventory = wait(memory.target().inventory()).unwrap().unwrap();
    assert!(inventory.entries().iter().any(|entry| entry.component == "tower"));
    let again = apply(&memory, &request(&none)).unwrap();
    assert_eq!(again.risks, []);
    apply(&memory, &request(&prepared("host"))).unwrap();
}

#[test]
fn a_directory_is_guarded_as_a_cluster_is() {
    let root = tempfile::tempdir().unwrap();
    let apply = |prepared: &Prepared, consent: Option<Consent>| {
        let session = session(Directory::new(root.path()));
        let consents: Consents = consent.into_iter().collect();
        let found = wait(review(&session, &request(prepared)))?;
        wait(execute(&session, &found, &consents, &mut |_| {})).map(|_| ())
    };
    apply(&prepared("host"), None).unwrap();
    let refused = |answer| match answer {
        Err(Error::Unconfirmed(risks)) => risks,
        other => panic!("{other:?}"),
    };
    let change = Risk::RoleChange { before: Role::Host, after: Role::None, members: Vec::new() };
    assert_eq!(refused(apply(&prepared("none"), None)), [change]);
    let other = with("host", "jwtSecret: another-0123456789-0123456789-01");
    let change = Risk::JwtSecretChange { members: Vec::new() };
    assert_eq!(refused(apply(&other, None)), [change]);
    apply(&other, Some(Consent::BreakMembers)).unwrap();

    let renamed = parsed("multicluster: {clusterRole: host, hostClusterName: hq}");
    match apply(&renamed, None) {
        Err(Error::Rejected(rejected)) => {
            let codes: Vec<Code> = rejected.diagnostics.iter().map(|found| found.code).collect();
            assert_eq!(codes, [Code::HostRenamed]);
        }
        other => panic!("{other:?}"),
    }
    apply(&with("none", ""), Some(Consent::RoleChange)).unwrap();
    apply(&with("none", ""), None).unwrap();
}

#[test]
fn a_reference_to_a_secret_needs_a_cluster_in_every_answer() {
    let root = tempfile::tempdir().unwrap();
    let session = session(Directory::new(root.path()));
    let prepared = with("host", "jwtSecretRef: {name: a, key: b}");
    for dry_run in [None, Some(DryRun::Client), Some(DryRun::Server)] {
        let answer = wait(review(&session, &ApplyRequest { dry_run, ..request(&prepared) }));
        assert!(matches!(answer, Err(Error::SecretRefWithoutCluster)));
    }
    let answer = wait(diff::against_target(&session, &prepared, &Consents::default()));
    assert!(matches!(answer, Err(Error::SecretRefWithoutCluster)));
}

#[test]
fn a_field_that_nobody_could_take_is_named() {
    let config = id("v1", "ConfigMap", "ks-console-config");
    let fields = vec![FieldConflict { manager: "other".into(), field: ".data.a".into() }];
    let conflict = DryRunResult::Conflict { fields, forced: None };
    let session = session(Memory::default().with_dry_runs([(config.clone(), conflict)]));
    let prepared = prepared("none");
    apply(&session, &request(&prepared)).unwrap();
    let take = |field: &str| {
        let request = ApplyRequest { take: vec![field.to_owned()], ..request(&prepared) };
        wait(review(&session, &request)).map(|_| ())
    };
    match take("foo.bar") {
        Err(Error::NothingToTake { field, conflicts }) => {
            assert_eq!(field, "foo.bar");
            assert_eq!(conflicts, [format!("{config}:.data.a (owned by other)")]);
        }
        other => panic!("{other:?}"),
    }
    // A field that is in conflict, and one that was taken by an earlier run.
    for field in [".data.a", ".data", ".spec.replicas", &format!("{config}:.data.a")] {
        take(field).unwrap();
    }
    assert!(take("Deployment/kubesphere-system/none:.spec.replicas").is_err());
}

#[test]
fn what_others_took_is_taken_back_but_for_what_is_left_to_them() {
    let config = id("v1", "ConfigMap", "ks-console-config");
    let prepared = prepared("none");
    let before = session(Memory::default());
    apply(&before, &request(&prepared)).unwrap();
    let mut forced = before.target().objects()[&config].clone();
    forced["data"]["a"] = json!("ours");
    let fields = vec![FieldConflict { manager: "other".into(), field: ".data.a".into() }];
    let conflict = DryRunResult::Conflict { fields, forced: Some(forced) };
    let memory = before.target().restarted(Faults::default());
    let session = session(memory.with_dry_runs([(config.clone(), conflict)]));
    let action = |take_back: Option<BTreeSet<ObjectId>>| {
        let request = ApplyRequest { take_back, ..request(&prepared) };
        let review = wait(review(&session, &request)).unwrap();
        let changes = review.planned.plan.changes;
        changes.into_iter().find(|change| change.id == config).map(|change| change.action)
    };
    assert_eq!(action(None), Some(Action::Conflict));
    assert_eq!(action(Some(BTreeSet::new())), Some(Action::Update));
    assert_eq!(action(Some([config.clone()].into())), Some(Action::Conflict));
}
