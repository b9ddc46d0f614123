//! `ksi member` on control planes without nodes of their own: what two hosts, two commands at once, and a kill do.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use sandbox::process::wait_until;
use sandbox::proxy::{Fault, FaultProxy, Match, Nth, Rule, Victim};
use serde_json::Value;
use tempfile::TempDir;

use super::words_of_page;
use crate::hands::{Hands as _, SYSTEM};
use crate::installed::{Rig, Said, ksi, release, sample};

/// The address of no machine: nobody dials it here.
const SERVER: &str = "https://10.0.0.7:6443";
/// Where nobody listens.
const NOBODY: &str = "https://127.0.0.1:1";
const WEBHOOK: &str = "validatingwebhookconfiguration cluster.kubesphere.io";
/// How long a killed command counts as one that holds the webhook, and some more.
const LEASE: Duration = Duration::from_secs(40);

/// What ksi reads of a host.
const HOST: &str = r"
apiVersion: v1
kind: Namespace
metadata: {name: kubesphere-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kubesphere-config, namespace: kubesphere-system}
data:
  kubesphere.yaml: |
    authentication: {jwtSecret: of-the-host-and-its-members-0123456789}
    multicluster: {clusterRole: host}
";

/// A cluster and a folder in which commands run.
struct Seat {
    rig: Rig,
    folder: TempDir,
}

impl Seat {
    fn start() -> Option<Self> {
        Some(Self { rig: Rig::bare(release())?, folder: TempDir::new().unwrap() })
    }

    /// A host as far as a bundle for a direct member needs one.
    fn simple_host() -> Option<Self> {
        let seat = Self::start()?;
        seat.rig.make(HOST);
        Some(seat)
    }

    /// A host with its kinds, whose pods are those of kwok: webhooks have nothing behind them.
    fn installed_host() -> Option<Self> {
        let seat = Self::start()?;
        seat.ksi(&format!("apply -f {} --yes --wait=false", sample("host.yaml"))).expect(0);
        seat.rig.kubectl("delete mutatingwebhookconfigurations --all");
        let all = seat.rig.kubectl("get validatingwebhookconfigurations -o name");
        for webhook in all.lines().filter(|line| !line.ends_with("/cluster.kubesphere.io")) {
            seat.rig.kubectl(&format!("delete {webhook}"));
        }
        Some(seat)
    }

    fn spawn(&self, kubeconfig: &Path, line: &str) -> Child {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut command = ksi(kubeconfig, &words);
        command.current_dir(self.folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn ksi(&self, line: &str) -> Said {
        Said::of(self.spawn(self.rig.kubeconfig(), line).wait_with_output().unwrap())
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap()
    }

    fn field(&self, what: &str, path: &str) -> String {
        let get = format!("get {what} --ignore-not-found -o");
        self.rig.kubectl_with(&get, &format!("jsonpath={path}"))
    }

    fn proxy(&self) -> FaultProxy {
        FaultProxy::start(self.rig.kubeconfig(), &self.folder.path().join("proxy")).unwrap()
    }

    /// Kills a command at its n-th write, before or after the API server has done it. Says whether it came that far;
    /// otherwise it has ended well.
    fn is_killed(&self, proxy: &FaultProxy, line: &str, nth: usize) -> bool {
        let victim = Victim::default();
        let fault = if nth.is_multiple_of(2) { Fault::Kill } else { Fault::KillAfter };
        let writes = Match::writes().agent("ksi/");
        proxy.set([Rule::new(writes, Nth::Only(nth), fault(victim.clone()))]);
        let child = self.spawn(proxy.kubeconfig(), line);
        victim.set(child.id()).unwrap();
        let output = child.wait_with_output().unwrap();
        if output.status.code().is_some() {
            Said::of(output).expect(0);
            return false;
        }
        true
    }

    fn is_webhook_asked(&self) -> bool {
        let webhook: Value = self.rig.json(WEBHOOK);
        let annotations = webhook["metadata"]["annotations"].to_string();
        webhook["webhooks"][0]["objectSelector"] == serde_json::json!({})
            && !annotations.contains("ksi.kubesphere.io/webhook-paused-until")
    }
}

/// Clusters as the console makes them, that have never joined.
fn direct(names: &[&str]) -> String {
    let one = |name: &&str| {
        format!(
            "apiVersion: cluster.kubesphere.io/v1alpha1\nkind: Cluster\nmetadata: {{name: {name}}}\n\
             spec:\n  joinFederation: true\n  connection:\n    type: direct\n"
        )
    };
    names.iter().map(one).collect::<Vec<_>>().join("---\n")
}

#[test]
fn a_member_of_one_host_is_refused_to_another_one_under_the_same_name() {
    let (Some(one), Some(two), Some(member)) =
        (Seat::simple_host(), Seat::simple_host(), Seat::start())
    else {
        return;
    };
    let add = words_of_page("ksi member add member2 --mode direct -o member2.bundle").join(" ");
    let line = format!("ksi member join -f member2.bundle --member-server {SERVER}");
    let line = words_of_page(&line).join(" ");
    let join = |bundle: &Path| {
        std::fs::copy(bundle, member.folder.path().join("member2.bundle")).unwrap();
        member.ksi(&format!("{line} --yes --wait=false"))
    };
    for host in [&one, &two] {
        host.ksi(&format!("{add} --yes")).expect(0);
    }
    let [first, second] = [&one, &two].map(|host| host.folder.path().join("member2.bundle"));

    let said = join(&first).expect(0);
    assert!(said.err.contains("wrote member2.kubeconfig"), "{}", said.err);
    let kubeconfig = member.read("member2.kubeconfig");
    join(&first).expect(0);
    assert_eq!(member.read("member2.kubeconfig"), kubeconfig, "its token lasts for a year");

    let uid = one.field("namespace kube-system", "{.metadata.uid}");
    let since = member.rig.mark();
    let said = join(&second).expect(4);
    let all = format!("{}{}", said.out, said.err);
    assert!(all.contains("member-other-host") && all.contains(&uid), "{all}");
    assert!(all.contains("ksi member leave"), "{all}");
    assert_eq!(member.rig.writes(since), [""; 0], "nothing is written");

    what_a_host_cannot_use_is_refused(&one, &kubeconfig);

    member.ksi("member leave --yes").expect(0);
    assert!(!member.rig.has("clusterrolebinding ksi-host"), "the account is gone");
    join(&second).expect(0);
    assert_ne!(member.read("member2.kubeconfig"), kubeconfig, "the old token is void");
}

fn what_a_host_cannot_use_is_refused(host: &Seat, kubeconfig: &str) {
    let insecure = "insecure-skip-tls-verify: true\n    server:";
    let text = kubeconfig.replacen("server:", insecure, 1);
    std::fs::write(host.folder.path().join("insecure"), text).unwrap();
    let since = host.rig.mark();
    let add = "member add member2 --mode direct --member-kubeconfig insecure --yes";
    let said = host.ksi(add).expect(2);
    assert!(said.err.contains("insecure-skip-tls-verify"), "{}", said.err);
    assert_eq!(host.rig.writes(since), [""; 0]);
}

#[test]
fn members_that_are_added_at_once_have_ports_of_their_own_and_one_token_each() {
    let Some(host) = Seat::installed_host() else { return };
    // Tower is not there to see a new member, and the webhook not to judge it.
    host.rig.kubectl(&format!("delete {WEBHOOK}"));
    let add = |name: &str, file: &str| {
        host.spawn(host.rig.kubeconfig(), &format!("member add {name} -o {file} --yes"))
    };
    let runs = [add("m1", "m1"), add("m1", "again"), add("m2", "m2"), add("m3", "m3")];
    for run in runs {
        Said::of(run.wait_with_output().unwrap()).expect(0);
    }
    let path = "{.items[*].spec.connection.kubernetesAPIServerPort}";
    let ports = host.field("clusters.cluster.kubesphere.io", path);
    let mut ports: Vec<&str> = ports.split_whitespace().collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 3, "{ports:?}");
    let token = host.field("cluster m1", "{.spec.connection.token}");
    for file in ["m1", "again"] {
        assert!(host.read(file).contains(&token), "{file}: another token than that of the Cluster");
    }
}

/// The webhook refuses each change of a Cluster here as long as it is asked.
#[test]
fn commands_at_once_do_not_end_each_others_pause_of_the_webhook_and_the_last_one_does() {
    let Some(host) = Seat::installed_host() else { return };
    let names = ["m1", "m2", "m3", "m4"];
    host.rig.make(direct(&names));
    assert!(host.is_webhook_asked());
    let suspend =
        |name: &str| host.spawn(host.rig.kubeconfig(), &format!("member suspend {name} --yes"));
    for run in names.map(suspend) {
        Said::of(run.wait_with_output().unwrap()).expect(0);
    }
    for name in names {
        let cluster = format!("cluster {name}");
        assert_eq!(host.field(&cluster, "{.spec.joinFederation}"), "false", "{name}");
    }
    assert!(host.is_webhook_asked(), "{}", host.rig.json(WEBHOOK));

    a_killed_one_is_found_and_the_next_one_puts_it_back(&host);
    a_watched_list_outlives_a_failed_read(&host);
    without_kubefed_the_webhook_says_whether_a_member_is_dead(&host);
}

/// Nobody listens at the address of this one, and KubeFed does not run.
fn without_kubefed_the_webhook_says_whether_a_member_is_dead(host: &Seat) {
    let kubeconfig = STANDARD.encode(ksi::member::kubeconfig("lost", NOBODY, None, "token"));
    host.rig
        .make(direct(&["lost"]) + &format!("    kubeconfig: {kubeconfig}\nstatus: {{uid: u}}\n"));
    let webhook = |key: &str, value: &str| {
        let change =
            format!(r#"[{{"op": "replace", "path": "/webhooks/0/{key}", "value": {value}}}]"#);
        host.rig.kubectl_with(&format!("patch {WEBHOOK} --type json -p"), &change);
    };
    let pods = |count: &str, ready: &str| {
        let manager = format!("deployment ks-controller-manager -n {SYSTEM}");
        host.rig.kubectl(&format!("scale {manager} --replicas={count}"));
        let is_so = || Ok(host.field(&manager, "{.status.readyReplicas}") == ready);
        wait_until("ks-controller-manager", LEASE, is_so).unwrap();
    };
    let remove = "member remove lost --dead --yes";
    webhook("timeoutSeconds", "1");

    webhook("failurePolicy", "\"Ignore\"");
    let said = host.ksi(remove).expect(2);
    assert!(said.err.contains("ks-controller-manager reaches it"), "{}", said.err);
    webhook("failurePolicy", "\"Fail\"");
    pods("0", "");
    let said = host.ksi(remove).expect(2);
    assert!(said.err.contains("nobody but this machine"), "{}", said.err);
    assert!(host.rig.has("cluster lost"));
    // Nobody listens there, which says nothing about the member.
    pods("1", "1");
    let said = host.ksi(remove).expect(2);
    assert!(said.err.contains("nobody but this machine"), "{}", said.err);
    // It dials the member, and comes to no end.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    webhook("clientConfig", &format!(r#"{{"url": "https://{address}/"}}"#));
    host.ksi(remove).expect(0);
    assert!(!host.rig.has("cluster lost"));
}

fn a_watched_list_outlives_a_failed_read(host: &Seat) {
    let proxy = host.proxy();
    let [out, errors] = ["out", "errors"].map(|name| File::create(host.folder.path().join(name)));
    let mut command = ksi(proxy.kubeconfig(), &["member", "list", "-w"]);
    let mut child = command.stdout(out.unwrap()).stderr(errors.unwrap()).spawn().unwrap();
    let says = |file: &str, text: &str| {
        wait_until(&format!("`{text}`"), LEASE, || Ok(host.read(file).contains(text))).unwrap();
    };
    says("out", "m4");
    let reads = Match::reads().contains("/configmaps/kubesphere-config");
    proxy.set([Rule::new(reads, Nth::All, Fault::Status { code: 403, retry_after: None })]);
    says("errors", "trying again");
    proxy.set([]);
    host.rig.make(direct(&["m5"]));
    says("out", "m5");
    signal::kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
    assert!(child.wait().unwrap().success());
}

fn a_killed_one_is_found_and_the_next_one_puts_it_back(host: &Seat) {
    let proxy = host.proxy();
    let found = || {
        let said = host.ksi("member check m1 -o json");
        let report: Value = serde_json::from_str(&said.out).unwrap();
        let checks = report[0]["categories"].as_array().unwrap().iter();
        let mut checks = checks.flat_map(|category| category["checks"].as_array().unwrap());
        checks.any(|check| check["id"] == "member-webhook" && check["result"] == "error")
    };
    assert!(host.is_killed(&proxy, "member resume m1", 2));
    assert!(!host.is_webhook_asked(), "killed while it was paused");
    wait_until("the check to find it", LEASE, || Ok(found())).unwrap();
    host.ksi("member resume m2").expect(0);
    assert!(host.is_webhook_asked() && !found());
    // At once: its time has not passed yet.
    assert!(host.is_killed(&proxy, "member suspend m1 --yes", 2));
    host.ksi("member suspend m1 --yes").expect(0);
    assert!(host.is_webhook_asked(), "{}", host.rig.json(WEBHOOK));
}

#[test]
fn a_join_that_is_killed_at_any_write_is_finished_by_the_next_one() {
    let seats = thread::scope(|scope| {
        let host = scope.spawn(Seat::installed_host);
        let member = scope.spawn(Seat::start);
        (host.join().unwrap(), member.join().unwrap())
    });
    let (Some(host), Some(member)) = seats else { return };
    host.rig.kubectl(&format!("delete {WEBHOOK}"));
    an_add_is_finished(&host);

    host.ksi("member add member1 -o agent --yes").expect(0);
    host.ksi("member add member2 --mode direct -o direct --yes").expect(0);
    let bundle = |file: &str| host.folder.path().join(file).display().to_string();
    let skip = "--skip-check member-tower --yes";
    let agent = format!("member join -f {} {skip} --timeout 3m", bundle("agent"));
    let direct = format!("member join -f {} {skip} --member-server {SERVER}", bundle("direct"));
    // The configuration of the member is written as each apply writes it, which the sweep kills.
    member.ksi(&format!("{direct} --wait=false")).expect(0);
    let proxy = member.proxy();
    for (line, made) in [
        (format!("{agent} --wait=false"), AGENT.as_slice()),
        (format!("{direct} --wait=false"), ACCOUNT.as_slice()),
    ] {
        for nth in 1.. {
            member.ksi("member leave --yes").expect(0);
            let killed = member.is_killed(&proxy, &line, nth);
            if killed {
                member.ksi(&line).expect(0);
            }
            for object in made {
                assert!(member.rig.has(object), "killed at write {nth}: there is no {object}");
            }
            if !killed {
                assert!(nth > made.len(), "only {nth} writes");
                break;
            }
        }
    }
    for run in [&agent, &agent].map(|line| member.spawn(member.rig.kubeconfig(), line)) {
        Said::of(run.wait_with_output().unwrap()).expect(0);
    }
}

const AGENT: [&str; 5] = [
    "clusterrolebinding cluster-agent",
    "-n kubesphere-system serviceaccount cluster-agent",
    "-n kubesphere-system secret cluster-agent",
    "-n kubesphere-system secret cluster-agent-account",
    "-n kubesphere-system deployment cluster-agent",
];
const ACCOUNT: [&str; 2] =
    ["clusterrolebinding ksi-host", "-n kubesphere-system serviceaccount ksi-host"];

fn an_add_is_finished(host: &Seat) {
    let proxy = host.proxy();
    let add = "member add member1 -o bundle --yes";
    for nth in 1.. {
        let killed = host.is_killed(&proxy, add, nth);
        host.ksi(add).expect(0);
        let field = |path: &str| host.field("cluster member1", path);
        let port = field("{.spec.connection.kubernetesAPIServerPort}");
        let service = format!("service mc-member1 -n {SYSTEM}");
        assert_eq!(host.field(&service, "{.spec.ports[0].targetPort}"), port, "write {nth}");
        let ip = host.field(&service, "{.spec.clusterIP}");
        let address = format!("https://{ip}:6443");
        assert_eq!(field("{.spec.connection.kubernetesAPIEndpoint}"), address, "write {nth}");
        assert!(host.read("bundle").contains(&field("{.spec.connection.token}")), "write {nth}");
        host.rig.kubectl("delete cluster member1");
        host.rig.kubectl(&format!("delete {service}"));
        if !killed {
            assert!(nth > 3, "only {nth} writes");
            return;
        }
    }
}
