//! A member that only its agent reaches, with `ksi member`: it joins by a bundle, each failure that nothing else tells of is
//! found, and when it is removed nothing is left.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::whole::{differences, whole};
use super::{SECRET, Side, fleet, install, member_spec};
use crate::hands::{Hands as _, SYSTEM};
use crate::host::FEDERATED;

#[test]
fn a_member_joins_by_a_bundle_its_silent_failures_are_found_and_nothing_is_left_of_it() {
    let Some((_sandbox, host, members)) = fleet(2, &[("member1", true)]) else { return };
    let member = &members[0];
    install(&host, &[member]);
    host.settle();
    member.settle();
    let before = [whole(&host), whole(member)];

    let folder = host.folder.path();
    let bundle = folder.join("member1.bundle").display().to_string();
    joins_by_a_bundle(&host, member, &bundle);
    host.documented(folder, "ksi member remove member1").expect(0);
    for (side, before) in [(&host, &before[0]), (member, &before[1])] {
        side.settle();
        assert_eq!(differences(before, &whole(side)), [""; 0]);
    }

    // Again: nothing of the first time is in the way.
    host.documented(folder, "ksi member add member1 -o member1.bundle").expect(0);
    member.documented(folder, "ksi member join -f member1.bundle").expect(0);
    host.await_found("member1", &[]);
    silent_failures_are_found(&host, member, &bundle);
    a_rejoin_renews_every_credential(&host, member, &bundle);
    host.ksi("member remove member1 --yes").expect(0);
    assert!(!host.has("cluster/member1") && !member.has("clusterrolebinding/cluster-agent"));
}

fn joins_by_a_bundle(host: &Side, member: &Side, bundle: &str) {
    let add = format!("member add member1 -o {bundle} --yes");
    let said = host.ksi(&add).expect(0);
    assert!(said.err.contains("ksi member join -f"), "{}", said.err);
    assert_eq!(fs::metadata(bundle).unwrap().permissions().mode() & 0o777, 0o600);
    let connection = host.field("cluster member1", "{.spec.connection}");
    // A second bundle is for the same member.
    host.ksi(&add).expect(0);
    assert_eq!(host.field("cluster member1", "{.spec.connection}"), connection);

    let since = member.mark();
    let dry = "ksi member join -f member1.bundle --dry-run";
    let said = member.documented(host.folder.path(), dry).expect(0);
    assert_eq!(member.changes(since), [""; 0], "{}", said.err);
    assert!(!said.out.contains(SECRET) && !said.err.contains(SECRET), "a secret is shown");
    let join = format!("member join -f {bundle} --yes --timeout 3m");
    member.ksi(&join).expect(0);
    host.await_found("member1", &[]);
    let agent = format!("deployment cluster-agent -n {SYSTEM}");
    let generation = member.field(&agent, "{.metadata.generation}");
    member.ksi(&join).expect(0);
    assert_eq!(member.field(&agent, "{.metadata.generation}"), generation);
    host.await_found("member1", &[]);

    let listed = host.documented(host.folder.path(), "ksi member list").expect(0).out;
    let row: Vec<_> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..6], ["member1", "agent", "yes", "yes", "yes", "yes"], "{listed}");
}

/// Only a pod of the member knows how Tower is reached from there.
fn a_wrong_address_of_tower_is_told_by_the_agent(host: &Side, member: &Side) {
    let ip = "{.status.loadBalancer.ingress[0].ip}";
    let ip = host.field(&format!("service tower -n {SYSTEM}"), ip);
    let bundle = host.folder.path().join("wrong.bundle").display().to_string();
    host.ksi(&format!("member add member1 --tower-address http://{ip}:9 -o {bundle} --yes"))
        .expect(0);
    let join = format!("member join -f {bundle} --skip-check member-tower --yes --timeout 3m");
    let said = member.ksi(&join).expect(0);
    assert!(said.err.contains("not connected to Tower: Connection error"), "{}", said.err);
}

/// Each on purpose, and each made good by what the check advises.
fn silent_failures_are_found(host: &Side, member: &Side, bundle: &str) {
    let join = || member.ksi(&format!("member join -f {bundle} --yes --timeout 3m")).expect(0);
    let scale = |name: &str, count| {
        member.kubectl(&format!("scale -n {SYSTEM} deployment {name} --replicas={count}"));
    };

    scale("cluster-agent", 0);
    host.await_found("member1", &["member-conditions", "member-federated", "member-reachable"]);
    for condition in ["AgentAvailable", "Ready", "Federated"] {
        assert_eq!(host.condition("cluster member1", condition), "True", "{condition}");
    }
    join();
    host.await_found("member1", &[]);

    scale("ks-apiserver", 0);
    host.await_found("member1", &["member-conditions", "member-kubesphere"]);
    assert_eq!(host.condition("cluster member1", "Ready"), "True");
    scale("ks-apiserver", 1);
    host.await_found("member1", &[]);

    member.install(&member_spec().replace(SECRET, "of-nobody-else-0123456789012345"));
    host.await_found("member1", &["member-jwt-secret"]);
    join();
    host.await_found("member1", &[]);

    member.change_config("accessTokenMaxAge: 0s", "accessTokenMaxAge: 2h0m0s");
    // It reads the file when it starts, and the kubelet brings it a minute later otherwise.
    let restart = || member.kubectl(&format!("delete pod -n {SYSTEM} -l app=ks-apiserver"));
    restart();
    host.await_found("member1", &["member-host-token", "member-token-age"]);
    // By hand: ksi reports it, and takes it back when it is told to.
    let forced = format!("member join -f {bundle} --yes --timeout 3m --force-conflicts");
    member.ksi(&forced).expect(0);
    restart();
    host.await_found("member1", &[]);

    a_wrong_address_of_tower_is_told_by_the_agent(host, member);
    join();
    host.await_found("member1", &[]);

    let service = format!("service mc-member1 -n {SYSTEM}");
    let address = host.field(&service, "{.spec.clusterIP}");
    host.kubectl(&format!("delete {service}"));
    host.await_found("member1", &["member-service"]);
    host.ksi(&format!("member add member1 -o {bundle} --yes")).expect(0);
    // What Tower wrote and signed is for this address.
    assert_eq!(host.field(&service, "{.spec.clusterIP}"), address);
    host.await_found("member1", &[]);

    host.kubectl_with(
        "patch cluster member1 --type merge -p",
        r#"{"spec": {"connection": {"token": "another"}}}"#,
    );
    member.kubectl(&format!("delete pod -n {SYSTEM} -l app=agent"));
    host.await_found("member1", &["member-conditions", "member-federated", "member-reachable"]);
    host.ksi(&format!("member add member1 -o {bundle} --yes")).expect(0);
    join();
    host.await_found("member1", &[]);

    let port = host.field("cluster member1", "{.spec.connection.kubernetesAPIServerPort}");
    host.make(CLASH.replace("PORT", &port));
    host.await_found("member1", &["member-ports"]);
    host.kubectl("delete cluster clash");
    host.await_found("member1", &[]);
}

fn a_rejoin_renews_every_credential(host: &Side, member: &Side, bundle: &str) {
    let accounts = [
        format!("serviceaccount/cluster-agent -n {SYSTEM}"),
        format!("serviceaccount/member1-kubesphere -n {FEDERATED}"),
    ];
    let uids = || accounts.each_ref().map(|account| member.field(account, "{.metadata.uid}"));
    let token = || host.field("cluster member1", "{.spec.connection.token}");
    let before = (uids(), token());
    host.documented(host.folder.path(), "ksi member rejoin member1").expect(0);
    for account in &accounts {
        member.await_field(account, "{.metadata.uid}", "");
    }
    host.ksi(&format!("member add member1 -o {bundle} --yes")).expect(0);
    member.ksi(&format!("member join -f {bundle} --yes --timeout 3m")).expect(0);
    host.await_found("member1", &[]);
    assert!(token() != before.1 && uids().iter().zip(&before.0).all(|(new, old)| new != old));
}

/// As Tower makes one when it draws a port that another member has.
const CLASH: &str = "
apiVersion: cluster.kubesphere.io/v1alpha1
kind: Cluster
metadata: {name: clash}
spec:
  joinFederation: true
  connection: {type: proxy, token: t, kubernetesAPIServerPort: PORT, kubesphereAPIServerPort: 1PORT}
status: {conditions: [{type: Initialized, status: 'True'}]}
";
