//! A real node: containerd with runc, kubelet, and kube-proxy.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::builds::run;
use crate::control_plane::ControlPlane;
use crate::images::PAUSE;
use crate::machine::Machine;
use crate::pki::write_private;
use crate::pki::{Authority, Leaf};
use crate::process::wait_until;

/// The address of the cluster's DNS.
pub const DNS: &str = "10.96.0.10";

/// Where containerd reads, at each pull, how a registry is reached.
const REGISTRIES: &str = "registries";

/// What a node is to be like, and where.
pub struct Node<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its address.
    pub address: Ipv4Addr,
    /// Where its pods get theirs.
    pub pods: &'a str,
    /// The machine that it runs in.
    pub machine: &'a Machine,
    /// The cluster that it belongs to.
    pub plane: &'a ControlPlane,
}

impl Node<'_> {
    fn folder(&self) -> PathBuf {
        self.plane.folder().join("node")
    }

    fn path(&self, name: &str) -> String {
        self.folder().join(name).display().to_string()
    }

    /// Starts the container runtime: images can be imported then. Needs no API server.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_runtime(&self) -> Result<()> {
        fs::create_dir_all(self.folder().join("cni"))?;
        fs::write(self.path("cni/10-sandbox.conflist"), self.cni().to_string())?;
        fs::write(self.path("containerd.toml"), self.containerd())?;
        // Not the host's: its name server may be unreachable, or be at an address of the host alone.
        fs::write(
            self.path("resolv.conf"),
            "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
        )?;
        let arguments = ["--config", &self.path("containerd.toml")].map(str::to_owned);
        let processes = self.plane.processes();
        processes.start("containerd", Path::new("containerd"), &arguments)?;
        wait_until("containerd", Duration::from_secs(20), || {
            if !processes.is_running("containerd") {
                anyhow::bail!("it ended, see {}", processes.log("containerd").display());
            }
            run(self.ctr().args(["version"])).map(|_| true)
        })
    }

    /// containerd's own client, for the images of Kubernetes.
    fn ctr(&self) -> std::process::Command {
        let mut command = self.machine.command("ctr");
        command.args(["--address", &self.path("containerd.sock"), "--namespace", "k8s.io"]);
        command
    }

    /// Makes the images of an archive known to the node.
    ///
    /// # Errors
    /// The archive cannot be read.
    pub fn import(&self, archive: &Path) -> Result<()> {
        let mut command = self.ctr();
        command.args(["images", "import", "--digests=false"]).arg(archive);
        run(&mut command)
            .with_context(|| format!("cannot import the images of {}", archive.display()))
            .map(drop)
    }

    /// Tells the nodes of a cluster's folder how to reach a registry: `address` as images name it, and the
    /// authority of its certificate; plain HTTP without one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn know_registry(plane: &Path, address: &str, authority: Option<&Path>) -> Result<()> {
        let folder = plane.join("node").join(REGISTRIES).join(address);
        fs::create_dir_all(&folder)?;
        let scheme = if authority.is_some() { "https" } else { "http" };
        let mut text = format!(
            "server = \"{scheme}://{address}\"\n[host.\"{scheme}://{address}\"]\ncapabilities = [\"pull\", \"resolve\"]\n"
        );
        if let Some(path) = authority {
            text.extend(["ca = \"", &path.display().to_string(), "\"\n"]);
        }
        fs::write(folder.join("hosts.toml"), text)
            .with_context(|| format!("cannot write {}", folder.display()))
    }

    /// Starts kubelet and kube-proxy.
    ///
    /// # Errors
    /// They cannot be started.
    pub fn start(&self) -> Result<()> {
        let authority = Authority::load(self.plane.folder(), "ca")?;
        let user = format!("system:node:{}", self.name);
        self.identity(&authority, "kubelet", &user, "system:nodes")?;
        self.identity(&authority, "kube-proxy", "system:kube-proxy", "")?;
        fs::write(self.path("kubelet.json"), self.kubelet().to_string())?;
        fs::write(self.path("kube-proxy.json"), self.proxy().to_string())?;
        let (processes, binary) = (self.plane.processes(), self.plane.binary());
        let flags = [
            "kubelet".to_owned(),
            format!("--config={}", self.path("kubelet.json")),
            format!("--kubeconfig={}", self.path("kubelet.kubeconfig")),
            format!("--hostname-override={}", self.name),
            format!("--node-ip={}", self.address),
            format!("--root-dir={}", self.path("kubelet")),
        ];
        processes.start("kubelet", binary, &flags)?;
        let flags = ["proxy".to_owned(), format!("--config={}", self.path("kube-proxy.json"))];
        processes.start("kube-proxy", binary, &flags)
    }

    /// A client certificate, and the kubeconfig that uses it.
    fn identity(&self, ca: &Authority, file: &str, user: &str, group: &str) -> Result<()> {
        let leaf = Leaf { common_name: user, organization: group, ..Leaf::default() };
        ca.issue(&leaf)?.save(&self.folder(), file)?;
        let admin: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(self.plane.kubeconfig())?)?;
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": admin["clusters"],
            "users": [{"name": user, "user": {
                "client-certificate": self.path(&format!("{file}.crt")),
                "client-key": self.path(&format!("{file}.key")),
            }}],
            "contexts": [{"name": "node", "context": {
                "cluster": admin["clusters"][0]["name"], "user": user,
            }}],
            "current-context": "node",
        });
        let path = self.folder().join(format!("{file}.kubeconfig"));
        write_private(&path, &kubeconfig.to_string())
    }

    fn cni(&self) -> serde_json::Value {
        json!({"cniVersion": "1.0.0", "name": "sandbox", "plugins": [
            {
                "type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
                "ipam": {
                    "type": "host-local",
                    "dataDir": self.path("addresses"),
                    "ranges": [[{"subnet": self.pods}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ]})
    }

    fn containerd(&self) -> String {
        let [root, state, socket, opt, cni, registries] =
            ["containerd", "containerd-state", "containerd.sock", "opt", "cni", REGISTRIES]
                .map(|name| self.path(name));
        // restrict_oom_score_adj: without CAP_SYS_RESOURCE, as in many VMs, no pod starts otherwise.
        format!(
            r#"version = 2
root = "{root}"
state = "{state}"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = "{socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{opt}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "{PAUSE}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{cni}"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{registries}"
"#
        )
    }

    fn kubelet(&self) -> serde_json::Value {
        json!({
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": false},
                "webhook": {"enabled": true},
                "x509": {"clientCAFile": self.plane.folder().join("ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "containerRuntimeEndpoint": format!("unix://{}", self.path("containerd.sock")),
            "clusterDNS": [DNS],
            "clusterDomain": "cluster.local",
            "resolvConf": self.path("resolv.conf"),
            "podLogsDir": self.path("pod-logs"),
            "volumePluginDir": self.path("volume-plugins"),
            "nodeStatusUpdateFrequency": "2s",
            "configMapAndSecretChangeDetectionStrategy": "Watch",
            "eventRecordQPS": 0,
            "failSwapOn": false,
            // The machine's cgroup is not ours to divide, and its disk not ours to judge.
            "cgroupDriver": "cgroupfs",
            "cgroupsPerQOS": false,
            "enforceNodeAllocatable": [],
            "evictionHard": {"memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%"},
            "imageGCHighThresholdPercent": 100,
        })
    }

    fn proxy(&self) -> serde_json::Value {
        json!({
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": self.path("kube-proxy.kubeconfig")},
            "mode": "nftables",
            "clusterCIDR": self.pods,
            "hostnameOverride": self.name,
            "nodePortAddresses": [format!("{}/32", self.address)],
            // The limits of connection tracking belong to the whole machine.
            "conntrack": {"maxPerCore": 0},
            "metricsBindAddress": "127.0.0.1:10249",
        })
    }
}
