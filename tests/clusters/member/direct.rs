//! A member that its host reaches directly, with `ksi member`: joined and removed with one command each, alive and dead.

use std::collections::BTreeMap;

use sandbox::network;
use serde_json::Value;

use super::whole::{differences, whole};
use super::{Side, fleet, install};
use crate::hands::Hands as _;
use crate::host::FEDERATED;
use crate::installed::{Said, ksi};

const SPREAD: &str = "
apiVersion: types.kubefed.io/v1beta1
kind: FederatedNamespace
metadata: {name: demo, namespace: demo}
spec: {placement: {clusters: [{name: member2}]}}
---
apiVersion: types.kubefed.io/v1beta1
kind: FederatedConfigMap
metadata: {name: spread, namespace: demo}
spec: {placement: {clusters: [{name: member2}]}, template: {data: {a: b}}}
";

/// A machine that reaches both.
struct Both<'s> {
    host: &'s Side,
    member: &'s Side,
}

impl Both<'_> {
    fn ksi(&self, line: &str) -> Said {
        let words: Vec<&str> = line.split_whitespace().collect();
        let files = [&self.host.kubeconfig, &self.member.kubeconfig];
        let files = files.map(|file| file.display().to_string()).join(":");
        Said::of(ksi(files.as_ref(), &words).output().unwrap())
    }

    fn join(&self) -> Said {
        let who = "member join member2 --host host --member member2 --mode direct";
        self.ksi(&format!("{who} --yes --timeout 3m"))
    }

    /// What is left on both sides of what was there before.
    fn left(&self, before: &[BTreeMap<String, Value>; 2]) -> Vec<String> {
        let mut all = Vec::new();
        for (side, before) in [self.host, self.member].into_iter().zip(before) {
            side.settle();
            all.extend(differences(before, &whole(side)));
        }
        all
    }
}

#[test]
fn a_member_is_joined_and_removed_with_one_command_alive_or_dead() {
    let Some((_sandbox, host, members)) = fleet(1, &[("member2", false)]) else { return };
    let both = Both { host: &host, member: &members[0] };
    install(&host, &[both.member]);

    what_an_earlier_host_left_is_refused(&both);
    for side in [both.host, both.member] {
        side.settle();
    }
    let before = [whole(&host), whole(both.member)];

    let said = both.join().expect(0);
    assert!(said.err.contains("a federated ConfigMap reached member2"), "{}", said.err);
    host.await_found("member2", &[]);
    let listed = host.ksi("member list").expect(0).out;
    let row: Vec<_> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..6], ["member2", "direct", "yes", "yes", "yes", "-"], "{listed}");
    let all = host.documented(host.folder.path(), "ksi member check --all").expect(0);
    assert!(all.out.contains("Member member2"), "{}", all.out);
    let kubeconfig = || host.field("cluster member2", "{.spec.connection.kubeconfig}");
    let before_again = kubeconfig();
    both.join().expect(0);
    assert_eq!(kubeconfig(), before_again, "its token is valid for a year");

    what_is_placed_is_listed_first(&both);
    host.kubectl("delete namespace demo");
    both.member.kubectl("delete namespace demo --ignore-not-found");
    assert_eq!(both.left(&before), [""; 0]);

    both.join().expect(0);
    a_dead_one_is_removed_and_cleans_itself_when_it_returns(&both);
    assert_eq!(both.left(&before), [""; 0]);
}

/// KubeFed would delete it.
fn what_an_earlier_host_left_is_refused(both: &Both<'_>) {
    both.member.kubectl("create namespace earlier");
    both.member.kubectl("label namespace earlier kubefed.io/managed=true");
    let said = both.join().expect(4);
    let all = format!("{}{}", said.out, said.err);
    assert!(all.contains("Namespace/earlier") && all.contains("ksi member leave"), "{all}");
    assert!(!both.host.has("cluster/member2"), "nothing was written");
    both.member.ksi("member leave --yes").expect(0);
    both.member.kubectl("delete namespace earlier --timeout=60s");
}

fn what_is_placed_is_listed_first(both: &Both<'_>) {
    both.host.kubectl("create namespace demo");
    both.host.make(SPREAD);
    both.member.await_field("configmap spread -n demo", "{.data.a}", "b");
    let said = both.host.ksi("member remove member2 --yes").expect(2);
    assert!(said.err.contains("FederatedConfigMap"), "{}", said.err);
    assert!(both.host.has("cluster/member2"), "it was not asked for");
    both.host.ksi("member remove member2 --yes --allow-placed").expect(0);
    assert!(!both.host.has("cluster/member2"), "it is removed");
    assert!(!both.member.has(&format!("serviceaccount/member2-kubesphere -n {FEDERATED}")));
}

fn a_dead_one_is_removed_and_cleans_itself_when_it_returns(both: &Both<'_>) {
    let Both { host, member } = both;
    host.ksi("member remove member2 --dead --yes").expect(2);
    network::lose(&member.machine, 100).unwrap();
    host.await_condition(&format!("kubefedcluster member2 -n {FEDERATED}"), "Offline", "True");
    assert_eq!(host.condition("cluster member2", "Ready"), "True");
    host.ksi("member remove member2 --yes").expect(7);
    host.documented(host.folder.path(), "ksi member remove member2 --dead").expect(0);
    for gone in ["cluster/member2".to_owned(), format!("kubefedcluster/member2 -n {FEDERATED}")] {
        assert!(!host.has(&gone), "{gone}");
    }
    let path = "{.webhooks[*].objectSelector}";
    assert_eq!(host.field("validatingwebhookconfiguration cluster.kubesphere.io", path), "{}");
    network::lose(&member.machine, 0).unwrap();
    member.await_kubectl("get namespaces", true);
    member.documented(host.folder.path(), "ksi member leave").expect(0);
}
