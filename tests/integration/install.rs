//! Review and execution against targets in memory and in directories.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ksi::config::{Input, Role};
use ksi::engine::{self, Stop};
use ksi::install::{
    ApplyRequest, Consent, Consents, Error, Event, Prepared, Risk, Session, Source,
    UninstallRequest, execute, review, review_uninstall,
};
use ksi::target::{Directory, Target};

use crate::engine::doubles::Memory;

fn prepared(role: &str) -> Prepared {
    let text = format!(
        "apiVersion: installer.kubesphere.io/v1alpha1\nkind: ClusterConfiguration\nspec:\n  \
         authentication: {{jwtSecret: canary-jwt-0123456789-0123456789}}\n  \
         multicluster: {{clusterRole: {role}}}\n"
    );
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
        if matches!(event, Event::Run(engine::Event::Status { state: engine::Phase::Locked, .. })) {
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
