//! etcd, API server, controller manager and scheduler: a cluster without nodes.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::builds::{Program, Release, run};
use crate::pki::{Authority, Leaf, write_private};
use crate::places::Places;
use crate::process::{Supervisor, wait_until};

/// The administrator's token: the sandbox has no secret to keep.
const TOKEN: &str = "sandbox-admin";
/// The address of Service `kubernetes`.
const KUBERNETES_SERVICE: &str = "10.96.0.1";
/// Where Services get their addresses.
pub const SERVICE_NETWORK: &str = "10.96.0.0/16";
const PROCESSES: [&str; 4] = ["etcd", "apiserver", "controller-manager", "scheduler"];

/// Where the parts listen.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Ports {
    /// etcd's clients.
    pub etcd: u16,
    /// etcd's peers, of which there are none.
    pub etcd_peer: u16,
    /// The API.
    pub api: u16,
}

impl Ports {
    /// The usual ones, for a cluster with a network of its own.
    pub const fn fixed() -> Self {
        Self { etcd: 2379, etcd_peer: 2380, api: 6443 }
    }

    /// Those of a place among many on loopback: below what the kernel gives to connections, so that nobody
    /// gets one by chance. `None` where somebody listens already.
    pub fn of_slot(slot: u16) -> Option<Self> {
        let first = 20_000 + 3 * slot;
        let free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        (first..first + 3).all(free).then_some(Self {
            etcd: first,
            etcd_peer: first + 1,
            api: first + 2,
        })
    }
}

/// What a control plane is to be like.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name of the cluster.
    pub name: String,
    /// Its version.
    pub release: Release,
    /// Everything that it writes goes below this folder.
    pub folder: PathBuf,
    /// Where its API is reached.
    pub address: IpAddr,
    /// Where its parts listen.
    pub ports: Ports,
    /// Words before each command, see [`Supervisor::new`].
    pub enter: Vec<String>,
    /// Whether controllers and the scheduler run; without them an API server alone answers.
    pub controllers: bool,
    /// More flags for the API server.
    pub api_arguments: Vec<String>,
}

/// A running control plane.
#[derive(Debug, Clone)]
pub struct ControlPlane {
    folder: PathBuf,
    binary: PathBuf,
    processes: Supervisor,
    etcd: u16,
}

/// What [`ControlPlane::open`] needs to know.
#[derive(Serialize, Deserialize)]
struct State {
    binary: PathBuf,
    enter: Vec<String>,
    etcd: u16,
}

impl ControlPlane {
    /// Starts one and waits until its API is ready.
    ///
    /// # Errors
    /// A part cannot be built or started, or does not get ready.
    pub fn start(places: &Places, settings: &Settings) -> Result<Self> {
        let folder = settings.folder.clone();
        fs::create_dir_all(&folder)?;
        let binary = Program::Kubernetes(settings.release).build(places)?;
        let (enter, etcd) = (settings.enter.clone(), settings.ports.etcd);
        let state = State { binary: binary.clone(), enter, etcd };
        fs::write(folder.join("control-plane.json"), serde_json::to_vec(&state)?)?;
        let processes = Supervisor::new(&folder.join("processes"), &settings.enter)?;
        let plane = Self { folder, binary, processes, etcd };
        plane.write_files(settings)?;
        plane.word("etcd", plane.etcd(settings))?;
        plane.await_etcd()?;
        plane.word("apiserver", plane.apiserver(settings))?;
        plane.ready()?;
        if settings.controllers {
            plane.word("controller-manager", plane.controller_manager())?;
            plane.word("scheduler", plane.scheduler())?;
        }
        Ok(plane)
    }

    /// One that was started before, by whomever.
    ///
    /// # Errors
    /// There is none in this folder.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("control-plane.json");
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let State { binary, enter, etcd } = serde_json::from_slice(&text)?;
        let processes = Supervisor::new(&folder.join("processes"), &enter)?;
        Ok(Self { folder: folder.to_owned(), binary, processes, etcd })
    }

    /// Waits until etcd takes connections. An API server that is refused once tries again a second later.
    ///
    /// # Errors
    /// It does not within 20 seconds.
    pub(crate) fn await_etcd(&self) -> Result<()> {
        wait_until("etcd to listen", Duration::from_secs(20), || {
            // What a dead one said is told by `ready`.
            Ok(self.processes.pid("etcd").is_none_or(|pid| listens(pid, self.etcd)))
        })
    }

    /// Waits until the API answers that it is ready.
    ///
    /// # Errors
    /// It does not within 60 seconds, or a process has ended.
    pub fn ready(&self) -> Result<()> {
        let mut dead = None;
        wait_until("the API server to be ready", Duration::from_secs(60), || {
            dead = ["etcd", "apiserver"].into_iter().find(|name| !self.processes.is_running(name));
            Ok(dead.is_some() || self.kubectl(&["get", "--raw", "/readyz"])?.trim() == "ok")
        })?;
        dead.map_or(Ok(()), |name| Err(self.last_words(name)))
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// kubectl of the same version, as the administrator.
    pub fn kubectl_command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("kubectl").env("KUBECONFIG", self.kubeconfig());
        command
    }

    /// Runs kubectl and gives what it printed.
    ///
    /// # Errors
    /// It fails.
    pub fn kubectl(&self, args: &[&str]) -> Result<String> {
        run(self.kubectl_command().args(args))
    }

    /// Every request that reached the API server, one JSON object a line, without bodies.
    pub fn audit_log(&self) -> PathBuf {
        self.folder.join("audit.log")
    }

    /// `etcd`, `apiserver`, `controller-manager`, `scheduler`, and what else runs here.
    pub fn processes(&self) -> &Supervisor {
        &self.processes
    }

    /// Everything that belongs to it: `ca.crt`, `ca.key`, `sa.key`, `kubelet-client.crt`, …
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The binary that holds all parts.
    pub fn binary(&self) -> &Path {
        &self.binary
    }

    /// Kills every part.
    ///
    /// # Errors
    /// One of them does not go.
    pub fn stop(&self) -> Result<()> {
        self.processes.kill_all(&PROCESSES)
    }

    fn word(&self, word: &str, mut arguments: Vec<String>) -> Result<()> {
        arguments.insert(0, word.to_owned());
        self.processes.start(word, &self.binary, &arguments)
    }

    fn last_words(&self, name: &str) -> anyhow::Error {
        let log = self.processes.log(name);
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<_> = text.lines().rev().take(5).collect();
        let said: Vec<_> = lines.into_iter().rev().collect();
        anyhow::anyhow!("{name} ended, see {}:\n{}", log.display(), said.join("\n"))
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn write_files(&self, settings: &Settings) -> Result<()> {
        let Settings { name, address, ports, .. } = settings;
        let authority = Authority::new(&format!("sandbox-{name}"))?;
        authority.pair().save(&self.folder, "ca")?;
        let names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost"];
        let names = names.map(str::to_owned).into_iter();
        let addresses = [address.to_string(), "127.0.0.1".into(), KUBERNETES_SERVICE.into()];
        let names = names.chain(addresses).collect();
        let api = Leaf { common_name: "kube-apiserver", names, ..Leaf::default() };
        authority.issue(&api)?.save(&self.folder, "apiserver")?;
        let kubelet = Leaf {
            common_name: "apiserver-kubelet-client",
            organization: "system:masters",
            ..Leaf::default()
        };
        authority.issue(&kubelet)?.save(&self.folder, "kubelet-client")?;
        Authority::new("service-accounts")?.pair().save(&self.folder, "sa")?;
        write_private(
            &self.folder.join("tokens.csv"),
            &format!("{TOKEN},admin,admin,\"system:masters\"\n"),
        )?;
        fs::write(
            self.folder.join("audit-policy.yaml"),
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\n\
             rules: [{level: Metadata}]\n",
        )?;
        let kubeconfig = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {
                "server": format!("https://{address}:{}", ports.api),
                "certificate-authority": self.path("ca.crt"),
            }}],
            "users": [{"name": "admin", "user": {"token": TOKEN}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": "admin"}}],
            "current-context": name,
        });
        write_private(&self.kubeconfig(), &serde_json::to_string_pretty(&kubeconfig)?)
    }

    fn etcd(&self, settings: &Settings) -> Vec<String> {
        let client = format!("http://127.0.0.1:{}", settings.ports.etcd);
        let peer = format!("http://127.0.0.1:{}", settings.ports.etcd_peer);
        flags(&[
            ("data-dir", &self.path("etcd")),
            ("listen-client-urls", &client),
            ("advertise-client-urls", &client),
            ("listen-peer-urls", &peer),
            ("initial-advertise-peer-urls", &peer),
            ("initial-cluster", &format!("default={peer}")),
            // The machine that loses power loses its sandbox.
            ("unsafe-no-fsync", "true"),
            // Alone it is elected by itself, and need not wait long for others.
            ("heartbeat-interval", "20"),
            ("election-timeout", "200"),
            ("log-level", "warn"),
        ])
    }

    fn apiserver(&self, settings: &Settings) -> Vec<String> {
        let mut arguments = flags(&[
            ("etcd-servers", &format!("http://127.0.0.1:{}", settings.ports.etcd)),
            ("secure-port", &settings.ports.api.to_string()),
            ("bind-address", &settings.address.to_string()),
            ("advertise-address", &settings.address.to_string()),
            ("tls-cert-file", &self.path("apiserver.crt")),
            ("tls-private-key-file", &self.path("apiserver.key")),
            ("client-ca-file", &self.path("ca.crt")),
            ("kubelet-client-certificate", &self.path("kubelet-client.crt")),
            ("kubelet-client-key", &self.path("kubelet-client.key")),
            ("kubelet-preferred-address-types", "InternalIP"),
            // Of PKCS #8 keys it takes the public half from a certificate alone.
            ("service-account-key-file", &self.path("sa.crt")),
            ("service-account-signing-key-file", &self.path("sa.key")),
            ("service-account-issuer", "https://kubernetes.default.svc"),
            ("token-auth-file", &self.path("tokens.csv")),
            ("authorization-mode", "Node,RBAC"),
            ("enable-admission-plugins", "NodeRestriction"),
            ("service-cluster-ip-range", SERVICE_NETWORK),
            ("allow-privileged", "true"),
            ("audit-policy-file", &self.path("audit-policy.yaml")),
            ("audit-log-path", &self.path("audit.log")),
        ]);
        arguments.extend(settings.api_arguments.iter().cloned());
        arguments
    }

    fn controller_manager(&self) -> Vec<String> {
        flags(&[
            ("kubeconfig", &self.path("kubeconfig")),
            ("service-account-private-key-file", &self.path("sa.key")),
            ("root-ca-file", &self.path("ca.crt")),
            ("cluster-signing-cert-file", &self.path("ca.crt")),
            ("cluster-signing-key-file", &self.path("ca.key")),
            ("use-service-account-credentials", "true"),
            ("leader-elect", "false"),
            ("secure-port", "0"),
        ])
    }

    fn scheduler(&self) -> Vec<String> {
        flags(&[
            ("kubeconfig", &self.path("kubeconfig")),
            ("leader-elect", "false"),
            ("secure-port", "0"),
        ])
    }
}

/// Whether a port is listened on in the network namespace of a process: the host may not reach it.
fn listens(pid: i32, port: u16) -> bool {
    const LISTEN: &str = "0A";
    let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap_or_default();
    let port = format!(":{port:04X}");
    table.lines().any(|line| {
        let fields: Vec<_> = line.split_whitespace().take(4).collect();
        matches!(fields[..], [_, local, _, LISTEN] if local.ends_with(&port))
    })
}

fn flags(flags: &[(&str, &str)]) -> Vec<String> {
    flags.iter().map(|(name, value)| format!("--{name}={value}")).collect()
}
