//! A real node that pulls from a real registry: the air gap by the commands of the page, and the rescue of an image.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sandbox::builds::{Program, Release};
use sandbox::cluster::{self, Cluster};
use sandbox::control_plane::ControlPlane;
use sandbox::harness::Sandbox;
use sandbox::images;
use sandbox::network::Network;
use sandbox::places::Places;
use sandbox::process::wait_until;
use sandbox::registry::{Registry, Wish};
use serde_json::Value;

use super::{Desk, saved};
use crate::hands::{Hands, SYSTEM};
use crate::installed::Said;
use crate::manifests::root;

const PAGE: &str = include_str!("../../../docs/air-gap.md");
/// What the page calls the registry inside.
const INSIDE: &str = "registry.example.com:5000";
const NUMBER: u8 = 3;

struct Rig {
    desk: Desk,
    plane: ControlPlane,
    cluster: Cluster,
    public: Registry,
    inside: Registry,
    _sandbox: Sandbox,
}

impl Hands for Rig {
    fn plane(&self) -> &ControlPlane {
        &self.plane
    }
}

impl Rig {
    fn start() -> Option<Self> {
        let wish = cluster::Wish {
            name: "host".to_owned(),
            release: Release::Oldest.to_string(),
            real: true,
            kwok: false,
            isolated: false,
            addresses: true,
        };
        let network = Network::new(NUMBER).unwrap();
        let sandbox = Sandbox::start_as(network, vec![wish]).unwrap()?;
        let cluster = sandbox.cluster("host").unwrap();
        let plain = Wish { tls: false, ..Wish::default() };
        let public = Registry::start(plain).unwrap()?;
        let inside =
            Registry::start(Wish { address: network.host(), ..Wish::default() }).unwrap()?;
        inside.serve(&cluster).unwrap();
        let mut desk = Desk::new();
        desk.knows(&public, &public.address(), None);
        desk.knows(&inside, &inside.address(), None);
        let plane = cluster.control_plane().unwrap();
        Some(Self { desk, plane, cluster, public, inside, _sandbox: sandbox })
    }

    /// Fills the public registry: the stand-ins, and something small for what else the configuration names.
    fn publish(&self) {
        let stand_ins = images::archives(&Places::from_env().unwrap()).unwrap().ksi;
        let to = self.public.address();
        let fill = |archive: &str| {
            self.desk
                .ksi(&format!("images copy --from docker-archive:{archive} --to {to}"))
                .expect(0);
        };
        fill(&stand_ins.display().to_string());
        let known: BTreeSet<String> = images::known(&Places::from_env().unwrap())
            .unwrap()
            .into_iter()
            .map(|known| known.name)
            .collect();
        let list = Said::of(
            Command::new(env!("CARGO_BIN_EXE_ksi"))
                .args(["images", "list", "-f"])
                .arg(self.desk.path("config.yaml"))
                .output()
                .unwrap(),
        );
        let whole = |name: &str| match name.split('/').count() {
            1 => format!("docker.io/library/{name}"),
            _ => format!("docker.io/{name}"),
        };
        let lacking: Vec<_> =
            list.expect(0).out.lines().map(whole).filter(|name| !known.contains(name)).collect();
        let lacking: Vec<&str> = lacking.iter().map(String::as_str).collect();
        let archive = saved(self.desk.folder.path(), Program::Pause, &lacking);
        fill(&archive.display().to_string());
    }

    /// Runs a line of the page. What it calls the registry is ours, and so is the internet.
    fn documented(&self, line: &str) -> Said {
        assert!(PAGE.lines().any(|known| known == line), "docs/air-gap.md has no `{line}`");
        let words = line.strip_prefix("ksi ").unwrap().replace(INSIDE, &self.inside.address());
        let copies = words.starts_with("images copy") || words.starts_with("images rescue");
        let mut command = Command::new(env!("CARGO_BIN_EXE_ksi"));
        command.args(words.split_whitespace()).current_dir(self.desk.folder.path());
        if copies {
            command.args(self.desk.flags());
        }
        if words.starts_with("images copy") && !words.contains("--from") {
            command.args(["--from", &self.public.address()]);
        }
        Said::of(command.env("KUBECONFIG", self.plane.kubeconfig()).output().unwrap())
    }

    /// ksi, which also knows the cluster.
    fn command(&self, line: &str) -> Command {
        let mut command = self.desk.command(line);
        command.env("KUBECONFIG", self.plane.kubeconfig());
        command
    }

    /// The pods of rescues and their Secrets.
    fn rescues(&self) -> String {
        let own = "-n kube-system -l app.kubernetes.io/managed-by=ksi";
        self.kubectl(&format!("get pods,secrets {own} -o name"))
    }

    fn ctr(&self, line: &str) -> String {
        let socket = self.plane.folder().join("node/containerd.sock");
        let mut command = self.cluster.machine().unwrap().command("ctr");
        command.arg("--address").arg(socket).args(["--namespace", "k8s.io"]);
        Said::of(command.args(line.split_whitespace()).output().unwrap()).expect(0).out
    }
}

#[test]
fn a_host_runs_from_the_registry_inside_and_its_images_are_rescued_from_the_node() {
    let Some(rig) = Rig::start() else { return };
    fs::copy(root().join("samples/host.yaml"), rig.desk.path("config.yaml")).unwrap();
    rig.publish();
    air_gap(&rig);
    rescue(&rig);
}

fn air_gap(rig: &Rig) {
    rig.documented("ksi images list -f config.yaml").expect(0);
    rig.documented("ksi images copy -f config.yaml --platform linux/amd64 --to oci:images")
        .expect(0);
    // The line is cut.
    rig.public.kill().unwrap();
    rig.documented(
        "ksi images copy --from oci:images --to registry.example.com:5000 --lock images.lock.yaml",
    )
    .expect(0);
    let applied = rig.documented(
        "ksi apply -f config.yaml -f images.lock.yaml --set local_registry=registry.example.com:5000 --yes",
    );
    eprintln!("{}", applied.expect(0).err);
    let pods: Value =
        serde_json::from_str(&rig.kubectl(&format!("get pods -n {SYSTEM} -o json"))).unwrap();
    let inside = format!("{}/", rig.inside.address());
    let images: Vec<&str> = pods["items"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|pod| pod["spec"]["containers"].as_array().unwrap())
        .map(|container| container["image"].as_str().unwrap())
        .collect();
    assert!(images.len() > 3, "{images:?}");
    for image in images {
        assert!(image.starts_with(&inside) && image.contains("@sha256:"), "{image}");
    }
    let log = fs::read_to_string(rig.inside.log()).unwrap();
    assert!(log.contains("containerd/"), "nodes pulled from it");
}

fn rescue(rig: &Rig) {
    // The node pulled it, and no registry has it any more.
    let (inside, name) = (rig.inside.address(), "kubesphere/tower:v0.2.1");
    let image = format!("{inside}/{name}");
    let pulled = || {
        Ok(rig.kubectl("get nodes -o yaml").contains(&format!("{inside}/kubesphere/tower@sha256:")))
    };
    wait_until("the node to tell its images", Duration::from_secs(60), pulled).unwrap();
    rig.inside.clear().unwrap();
    rig.inside.restart().unwrap();
    let state = rig.plane.folder().join("node/containerd").display().to_string();
    let line = format!("images rescue {name} --to {inside} --containerd {state}");
    let ksi = |line: &str| Said::of(rig.command(line).output().unwrap());
    // Nothing happens without consent.
    let said = ksi(&line).expect(2);
    assert!(said.err.contains("--yes"), "{}", said.err);
    let printed = ksi(&format!("{line} --print")).expect(0);
    assert!(printed.out.contains("ctr --namespace k8s.io images export"), "{}", printed.out);
    assert_eq!(rig.rescues(), "");
    let rescued = ksi(&format!("{line} --yes")).expect(0);
    assert!(rescued.out.starts_with(&format!("{image}@sha256:")), "{}", rescued.out);
    assert_eq!(rig.rescues(), "");
    an_interrupted_rescue_leaves_no_pod(rig, &line);
    what_is_missing_is_rescued_once(rig, &state);
    // The node forgets it, and pulls it again from where it was rescued to.
    for known in
        rig.ctr("images ls --quiet").lines().filter(|known| known.contains("kubesphere/tower"))
    {
        rig.ctr(&format!("images rm --sync {known}"));
    }
    rig.kubectl(&format!("run after --image={image} --restart=Never --image-pull-policy=Always"));
    let pulled = || {
        let pod: Value = serde_json::from_str(&rig.kubectl("get pod after -o json")).unwrap();
        Ok(pod["status"]["containerStatuses"][0]["imageID"]
            .as_str()
            .is_some_and(|id| !id.is_empty()))
    };
    wait_until("the image to be pulled", Duration::from_secs(60), pulled).unwrap();
}

fn an_interrupted_rescue_leaves_no_pod(rig: &Rig, line: &str) {
    let mut command = rig.command(&format!("{line} --yes --image registry.invalid/ksi:1"));
    let rescue = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let exists = || Ok(!rig.rescues().is_empty());
    wait_until("the pod of the rescue", Duration::from_secs(60), exists).unwrap();
    kill(Pid::from_raw(i32::try_from(rescue.id()).unwrap()), Signal::SIGINT).unwrap();
    Said::of(rescue.wait_with_output().unwrap()).expect(130);
    let is_gone = || Ok(rig.rescues().is_empty());
    wait_until("the pod to go", Duration::from_secs(60), is_gone).unwrap();
}

/// Nobody can ask Docker Hub here. The node knows the images by their names in the registry inside, which has lost all
/// but one; what no node runs is nowhere.
fn what_is_missing_is_rescued_once(rig: &Rig, state: &str) {
    let inside = rig.inside.address();
    let file = fs::read_to_string(rig.desk.path("config.yaml")).unwrap();
    let local = file.replacen("spec:\n", &format!("spec:\n  local_registry: {inside}\n"), 1);
    fs::write(rig.desk.path("inside.yaml"), local).unwrap();
    let line = format!("images rescue --missing -f inside.yaml --to {inside} --containerd {state}");
    let rescued = |count: usize| {
        let said = Said::of(rig.command(&format!("{line} --yes")).output().unwrap()).expect(4);
        assert!(said.err.contains("warning: cannot ask docker.io"), "{}", said.err);
        assert!(said.err.contains("no node says that it has it"), "{}", said.err);
        let names: Vec<_> = said.out.lines().map(str::to_owned).collect();
        assert_eq!(names.len(), count, "{}{}", said.out, said.err);
        assert!(!said.out.contains("kubesphere/tower:"), "it is there: {}", said.out);
        names
    };
    let pods = rig.kubectl("get pods -A -o jsonpath={.items[*].spec.containers[*].image}");
    let running: BTreeSet<_> =
        pods.split_whitespace().filter(|image| image.starts_with(&inside)).collect();
    let names = rescued(running.len() - 1);
    assert!(names.iter().any(|name| name.contains("kubesphere/ks-apiserver:")), "{names:?}");
    assert_eq!(rig.rescues(), "");
    assert!(rescued(0).is_empty(), "the registry has them");
}
