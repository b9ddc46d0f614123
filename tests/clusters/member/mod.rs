//! A host and its members on real nodes, with real tunnels and the real KubeFed.

mod agent;
mod direct;
mod light;
mod standins;
mod whole;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandbox::builds::Release;
use sandbox::cluster::Wish;
use sandbox::control_plane::ControlPlane;
use sandbox::harness::Sandbox;
use sandbox::machine::Machine;
use sandbox::network::Network;
use sandbox::process::wait_until;
use serde_json::Value;
use tempfile::TempDir;

use crate::hands::{Hands, SYSTEM};
use crate::host::FEDERATED;
use crate::installed::{Said, ksi};

const PAGE: &str = include_str!("../../../docs/members.md");
const SECRET: &str = "of-the-host-and-its-members-0123456789";
/// How long joining may take on a machine that is busy: ks-controller-manager tries what failed again every two minutes.
const JOINING: Duration = Duration::from_secs(300);
/// How long a cluster at rest is quiet.
const QUIET: Duration = Duration::from_secs(8);

/// One of the clusters.
struct Side {
    name: &'static str,
    plane: ControlPlane,
    machine: Machine,
    kubeconfig: PathBuf,
    folder: TempDir,
}

impl Hands for Side {
    fn plane(&self) -> &ControlPlane {
        &self.plane
    }
}

impl Side {
    fn of(sandbox: &Sandbox, name: &'static str) -> Self {
        let cluster = sandbox.cluster(name).unwrap();
        let plane = cluster.control_plane().unwrap();
        let kubeconfig = plane.kubeconfig();
        let machine = cluster.machine().unwrap();
        Self { name, plane, machine, kubeconfig, folder: TempDir::new().unwrap() }
    }

    fn ksi(&self, line: &str) -> Said {
        let words: Vec<&str> = line.split_whitespace().collect();
        Said::of(ksi(&self.kubeconfig, &words).output().unwrap())
    }

    /// Runs a command of docs/members.md in this folder, without its questions.
    fn documented(&self, folder: &Path, line: &str) -> Said {
        let words = words_of_page(line);
        let mut command = ksi(&self.kubeconfig, &words);
        if !["check", "list", "resume", "agent"].contains(&words[1]) {
            command.arg("--yes");
        }
        Said::of(command.current_dir(folder).output().unwrap())
    }

    /// Installs `KubeSphere` with this below `spec`.
    fn install(&self, spec: &str) {
        let file = self.folder.path().join("cc.yaml");
        let head = "apiVersion: installer.kubesphere.io/v1alpha1\nkind: ClusterConfiguration\n\
                    metadata: {name: ks-installer, namespace: kubesphere-system}\nspec:\n";
        fs::write(&file, format!("{head}{spec}")).unwrap();
        self.ksi(&format!("apply -f {} --yes --timeout 6m", file.display())).expect(0);
    }

    /// A field of an object, as `-n namespace kind name`; empty where there is none.
    fn field(&self, what: &str, path: &str) -> String {
        self.kubectl_with(&format!("get {what} --ignore-not-found -o"), &format!("jsonpath={path}"))
    }

    /// A key of a Secret.
    fn secret(&self, what: &str, key: &str) -> String {
        let bytes =
            STANDARD.decode(self.field(&format!("secret {what}"), &format!("{{.data.{key}}}")));
        String::from_utf8(bytes.unwrap()).unwrap()
    }

    /// The status of a condition.
    fn condition(&self, what: &str, kind: &str) -> String {
        self.field(what, &format!("{{.status.conditions[?(@.type==\"{kind}\")].status}}"))
    }

    fn await_field(&self, what: &str, path: &str, value: &str) {
        let name = format!("{path} of {what} on {} to be `{value}`", self.name);
        wait_until(&name, JOINING, || Ok(self.field(what, path) == value)).unwrap();
    }

    fn await_condition(&self, what: &str, kind: &str, status: &str) {
        let name = format!("{kind} of {what} on {} to be {status}", self.name);
        let seen = wait_until(&name, JOINING, || Ok(self.condition(what, kind) == status));
        if let Err(error) = seen {
            let conditions = self.field(what, "{.status.conditions}");
            let log = ["logs", "-n", SYSTEM, "deployment/ks-controller-manager", "--tail=40"];
            let log = self.plane.kubectl(&log).unwrap_or_else(|error| format!("{error:#}"));
            panic!("{error:#}\nconditions: {conditions}\nlog of ks-controller-manager:\n{log}");
        }
    }

    /// The checks of a member that find an error, in the order of their names.
    fn found(&self, member: &str) -> Result<Vec<String>> {
        let said = self.ksi(&format!("member check {member} -o json"));
        let report: Value = serde_json::from_str(&said.out)
            .with_context(|| format!("no report: {}{}", said.out, said.err))?;
        let categories = report[0]["categories"].as_array().unwrap().iter();
        let checks = categories.flat_map(|category| category["checks"].as_array().unwrap());
        let errors = checks.filter(|check| check["result"] == "error");
        let mut errors: Vec<_> =
            errors.map(|check| check["id"].as_str().unwrap().to_owned()).collect();
        errors.sort();
        assert_eq!(said.code, if errors.is_empty() { 0 } else { 4 }, "{}", said.out);
        Ok(errors)
    }

    /// Waits until exactly these checks find an error.
    fn await_found(&self, member: &str, wanted: &[&str]) {
        let mut last = Vec::new();
        wait_until("the checks", JOINING, || {
            last = self.found(member)?;
            Ok(last == wanted)
        })
        .unwrap_or_else(|error| {
            let said = self.ksi(&format!("member check {member}"));
            panic!("{error:#}: {last:?} instead of {wanted:?}: {}{}", said.out, said.err)
        });
    }

    /// Changes a text in kubesphere.yaml as somebody with an editor does.
    fn change_config(&self, from: &str, to: &str) {
        let mut config = self.json(&format!("configmap kubesphere-config -n {SYSTEM}"));
        let text = config["data"]["kubesphere.yaml"].as_str().unwrap();
        assert!(text.contains(from), "{text}");
        config["data"]["kubesphere.yaml"] = text.replace(from, to).into();
        self.kubectl_file("replace", config);
    }

    /// Waits until nobody has changed anything for longer than the period in which KubeSphere looks at members.
    fn settle(&self) {
        let (mut last, mut since) = (whole::whole(self), Instant::now());
        wait_until("the cluster to come to rest", JOINING, || {
            let now = whole::whole(self);
            if now != last {
                (last, since) = (now, Instant::now());
            }
            Ok(since.elapsed() > QUIET)
        })
        .unwrap();
    }

    /// The status code and the text of a GET of ks-apiserver, with a token.
    fn get(&self, path: &str, token: &str) -> (String, String) {
        let address = self.field(&format!("service ks-apiserver -n {SYSTEM}"), "{.spec.clusterIP}");
        let mut command = self.machine.command("curl");
        command.args(["--silent", "--max-time", "20", "--write-out", "\n%{http_code}"]);
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
        let output = command.arg(format!("http://{address}{path}")).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (text, code) = text.rsplit_once('\n').unwrap();
        (code.to_owned(), text.to_owned())
    }
}

/// The words after `ksi` of a command that docs/members.md has.
fn words_of_page(line: &str) -> Vec<&str> {
    let known = |known: &str| known.split('#').next().unwrap_or_default().trim_end() == line;
    assert!(PAGE.lines().any(known), "docs/members.md has no `{line}`");
    line.split_whitespace().skip(1).collect()
}

/// Starts a host and members, isolated ones or not, with `KubeSphere` on the host and on those members that are to
/// have it. `None` where there is no root.
fn fleet(number: u8, members: &[(&'static str, bool)]) -> Option<(Sandbox, Side, Vec<Side>)> {
    let wish = |name: &str, isolated| Wish {
        name: name.to_owned(),
        release: Release::Oldest.to_string(),
        real: true,
        kwok: false,
        isolated,
        addresses: true,
    };
    let wishes = members.iter().map(|(name, isolated)| wish(name, *isolated));
    let wishes = [wish("host", false)].into_iter().chain(wishes).collect();
    let sandbox = Sandbox::start_as(Network::new(number).unwrap(), wishes).unwrap()?;
    let host = Side::of(&sandbox, "host");
    let members: Vec<_> = members.iter().map(|(name, _)| Side::of(&sandbox, name)).collect();
    Some((sandbox, host, members))
}

fn host_spec() -> String {
    format!(
        "  authentication: {{jwtSecret: {SECRET}}}\n  \
         multicluster: {{clusterRole: host, clusterControllerResyncPeriod: 5s}}\n"
    )
}

/// Without `clusterName`: the host writes it.
fn member_spec() -> String {
    format!("  authentication: {{jwtSecret: {SECRET}}}\n  multicluster: {{clusterRole: member}}\n")
}

/// Installs all of them side by side.
fn install(host: &Side, members: &[&Side]) {
    thread::scope(|scope| {
        scope.spawn(|| host.install(&host_spec()));
        for member in members {
            scope.spawn(|| member.install(&member_spec()));
        }
    });
    host.await_condition(&format!("kubefedcluster host -n {FEDERATED}"), "Ready", "True");
}
