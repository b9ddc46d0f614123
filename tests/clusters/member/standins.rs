//! What the tests of members rest on: the stand-ins of Tower, ks-controller-manager and ks-apiserver do what the real ones do,
//! also what goes wrong there. Everything is made by hand here, as the guides do.

use std::time::Duration;

use sandbox::process::wait_until;

use super::{JOINING, Side, fleet, install};
use crate::hands::{Hands as _, SYSTEM};
use crate::host::FEDERATED;

const CLUSTER: &str = "
apiVersion: cluster.kubesphere.io/v1alpha1
kind: Cluster
metadata: {name: member1, labels: {team: blue}}
spec: {joinFederation: true, enable: true, connection: {type: proxy}}
";

/// As ks-apiserver hands it out.
const AGENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: cluster-agent, namespace: kubesphere-system}
spec:
  selector: {matchLabels: {app: agent, app.kubernetes.io/part-of: tower}}
  template:
    metadata: {labels: {app: agent, app.kubernetes.io/part-of: tower}}
    spec:
      serviceAccountName: kubesphere
      containers:
        - name: agent
          image: IMAGE
          command:
            - /agent
            - --name=member1
            - --token=TOKEN
            - --proxy-server=http://ADDRESS:8080
            - --keepalive=10s
            - --kubesphere-service=ks-apiserver.kubesphere-system.svc:80
            - --kubernetes-service=kubernetes.default.svc:443
            - --v=0
";

const SPREAD: &str = "
apiVersion: types.kubefed.io/v1beta1
kind: FederatedNamespace
metadata: {name: demo, namespace: demo}
spec: {placement: {clusters: [{name: host}, {name: member1}]}}
---
apiVersion: types.kubefed.io/v1beta1
kind: FederatedDeployment
metadata: {name: web, namespace: demo}
spec:
  placement: {clusterSelector: {matchLabels: {team: blue}}}
  overrides: [{clusterName: member1, clusterOverrides: [{path: /spec/replicas, value: 3}]}]
  template:
    metadata: {labels: {app: web}}
    spec:
      replicas: 1
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: web, image: registry.k8s.io/pause:3.10}]}
";

#[test]
fn a_member_that_only_its_agent_reaches_joins_and_its_cluster_lies_when_the_agent_is_gone() {
    let Some((_sandbox, host, members)) = fleet(4, &[("member1", true)]) else { return };
    let member = &members[0];
    install(&host, &[member]);

    host.make(CLUSTER);
    host.await_condition("cluster member1", "Initialized", "True");
    let address =
        host.field(&format!("service tower -n {SYSTEM}"), "{.status.loadBalancer.ingress[0].ip}");
    let token = host.field("cluster member1", "{.spec.connection.token}");
    assert_eq!(token.len(), 64);
    let image = host.field(
        &format!("deployment tower -n {SYSTEM}"),
        "{.spec.template.spec.containers[0].image}",
    );
    let agent = AGENT.replace("ADDRESS", &address).replace("IMAGE", &image);
    member.make(agent.replace("TOKEN", "wrong"));
    wait_until("the agent to be refused", JOINING, || {
        let log = member.plane.kubectl(&["logs", "-n", SYSTEM, "deployment/cluster-agent"]);
        Ok(log.unwrap_or_default().contains("Unauthorized agent"))
    })
    .unwrap();
    assert_eq!(host.field("cluster member1", "{.spec.connection.kubeconfig}"), "");
    member.make(agent.replace("TOKEN", &token));
    for condition in ["AgentAvailable", "Federated", "Ready"] {
        host.await_condition("cluster member1", condition, "True");
    }
    host.await_condition(&format!("kubefedcluster member1 -n {FEDERATED}"), "Ready", "True");
    joining_made_what_it_makes(&host, member);
    objects_arrive(&host, member);
    tokens_of_the_host_are_good(&host);
    without_an_agent_the_cluster_lies(&host, member);
    a_suspended_one_has_no_tunnel_until_it_is_resumed(&host, member);
}

fn joining_made_what_it_makes(host: &Side, member: &Side) {
    for made in [
        format!("serviceaccount/member1-kubesphere -n {FEDERATED}"),
        "clusterrole/kubefed-controller-manager:member1-kubesphere".to_owned(),
        "clusterrolebinding/kubefed-controller-manager:member1-kubesphere".to_owned(),
    ] {
        assert!(member.has(&made), "{made}");
    }
    let account = format!("serviceaccount member1-kubesphere -n {FEDERATED}");
    let secret = member.field(&account, "{.secrets[0].name}");
    assert!(secret.starts_with("member1-kubesphere-token-"), "{secret}");
    let token = host.secret(&format!("member1-secret -n {FEDERATED}"), "token");
    assert_eq!(token, member.secret(&format!("{secret} -n {FEDERATED}"), "token"));
    let labels =
        host.field(&format!("kubefedcluster member1 -n {FEDERATED}"), "{.metadata.labels.team}");
    assert_eq!(labels, "blue");
    let uid = member.field("namespace kube-system", "{.metadata.uid}");
    host.await_field("cluster member1", "{.status.uid}", &uid);
    host.await_field("cluster member1", "{.status.kubeSphereVersion}", "v3.4.1");
}

fn objects_arrive(host: &Side, member: &Side) {
    host.kubectl("create namespace demo");
    host.make(SPREAD);
    member.await_field("deployment web -n demo", "{.spec.replicas}", "3");
    member.await_field("deployment web -n demo", "{.status.readyReplicas}", "3");
    assert!(!host.has("deployment/web -n demo"), "it has no such label");
    // KubeFed replaces the User of the member by the host's.
    let password = host.field("user admin", "{.spec.password}");
    member.await_field("user admin", "{.spec.password}", &password);
    assert_eq!(member.field("user admin", r"{.metadata.labels.kubefed\.io/managed}"), "true");
}

/// The same jwtSecret, and a user of the same name: then a member believes a token that the host issued.
fn tokens_of_the_host_are_good(host: &Side) {
    let path = "/kapis/clusters/member1/iam.kubesphere.io/v1alpha2/users/admin";
    let token = host.secret(&format!("kubesphere-secret -n {SYSTEM}"), "token");
    let (code, text) = host.get(path, &token);
    assert_eq!(code, "200", "{text}");
    assert!(text.contains(r#""name":"admin""#), "{text}");
    let (code, text) = host.get(path, &format!("{token}x"));
    assert_eq!(code, "401", "{text}");
    assert!(text.contains("Unauthorized: "), "{text}");
}

fn without_an_agent_the_cluster_lies(host: &Side, member: &Side) {
    let kubeconfig = host.field("cluster member1", "{.spec.connection.kubeconfig}");
    let scale = |count| {
        member.kubectl(&format!("scale -n {SYSTEM} deployment cluster-agent --replicas={count}"));
    };
    scale(0);
    host.await_condition(&format!("kubefedcluster member1 -n {FEDERATED}"), "Offline", "True");
    for condition in ["AgentAvailable", "Ready", "Federated"] {
        assert_eq!(host.condition("cluster member1", condition), "True", "{condition}");
    }
    let refused = host.plane.kubectl(&["label", "cluster", "member1", "a=b"]).unwrap_err();
    assert!(format!("{refused:#}").contains("validating-cluster.kubesphere.io"), "{refused:#}");
    scale(1);
    host.await_condition(&format!("kubefedcluster member1 -n {FEDERATED}"), "Ready", "True");
    wait_until("a new kubeconfig", Duration::from_secs(30), || {
        Ok(host.field("cluster member1", "{.spec.connection.kubeconfig}") != kubeconfig)
    })
    .unwrap();
    // With it Tower takes away what it does not know of, until ks-controller-manager looks at the member.
    let uid = member.field("namespace kube-system", "{.metadata.uid}");
    host.await_field("cluster member1", "{.status.uid}", &uid);
}

/// With ksi, also where the console joined it.
fn a_suspended_one_has_no_tunnel_until_it_is_resumed(host: &Side, member: &Side) {
    let port = host.field("cluster member1", "{.spec.connection.kubernetesAPIServerPort}");
    let pod = host.field(&format!("pods -l app=tower -n {SYSTEM}"), "{.items[0].status.podIP}");
    let answers = || {
        let mut curl = host.machine.command("curl");
        curl.args(["--silent", "--insecure", "--max-time", "10"]);
        curl.arg(format!("https://{pod}:{port}/version")).output().unwrap().status.success()
    };
    assert!(answers());
    let folder = host.folder.path();
    let said = host.documented(folder, "ksi member suspend member1").expect(0);
    assert!(said.err.contains("closed the tunnel to member1"), "{}", said.err);
    assert!(!answers(), "Tower still has a way to it");
    let listed = host.ksi("member list").expect(0).out;
    assert!(listed.contains("suspended"), "{listed}");
    assert!(!host.has(&format!("kubefedcluster/member1 -n {FEDERATED}")));
    assert!(member.has("deployment/web -n demo"), "what was placed runs on");
    host.ksi("member suspend member1 --yes").expect(0);

    host.documented(folder, "ksi member resume member1").expect(0);
    host.await_condition(&format!("kubefedcluster member1 -n {FEDERATED}"), "Ready", "True");
    host.await_found("member1", &[]);
}
