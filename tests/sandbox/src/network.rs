//! The network between clusters: a bridge on the host, and one link from it to each machine.
//!
//! `172.30.N.254` is the host. Cluster `i` has `172.30.N.(i+1)`, its load balancers `172.30.N.16(i+1)/28`,
//! its pods `10.(64+16N+i).0.0/16`; N is the number of the sandbox. What limits a cluster is in the cluster's own
//! network namespace, so nothing of it outlives the cluster.

use std::env;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::builds::run;
use crate::machine::Machine;
use crate::process::wait_until;

/// How many clusters one sandbox can have: each needs sixteen addresses of 256, and the host some.
pub const CLUSTERS: u8 = 12;

/// One of several sandboxes on the same machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    number: u8,
}

impl Network {
    /// The one that tests use, so that a contributor's own clusters stay as they are.
    pub const TESTS: Self = Self { number: 9 };

    /// The sandbox that `KSI_SANDBOX_INSTANCE` names; 0 without it.
    ///
    /// # Errors
    /// It is not a number from 0 to 9.
    pub fn from_env() -> Result<Self> {
        let text = env::var("KSI_SANDBOX_INSTANCE").unwrap_or_default();
        let number = if text.is_empty() { Ok(0) } else { text.parse() };
        let number = number.with_context(|| format!("KSI_SANDBOX_INSTANCE is `{text}`"))?;
        Self::new(number)
    }

    /// The sandbox of this number.
    ///
    /// # Errors
    /// It is not one from 0 to 9.
    pub fn new(number: u8) -> Result<Self> {
        if number > 9 {
            bail!("KSI_SANDBOX_INSTANCE is {number}: a number from 0 to 9 is needed");
        }
        Ok(Self { number })
    }

    /// The number of this sandbox.
    pub fn number(self) -> u8 {
        self.number
    }

    /// The name of the bridge.
    pub fn bridge(self) -> String {
        format!("ksi{}-br", self.number)
    }

    /// What all names of links on the host begin with.
    pub fn prefix(self) -> String {
        format!("ksi{}-", self.number)
    }

    fn link(self, index: u8) -> String {
        format!("ksi{}-{index}", self.number)
    }

    fn at(self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(172, 30, self.number, last)
    }

    /// The host's address.
    pub fn host(self) -> Ipv4Addr {
        self.at(254)
    }

    /// The address of a cluster's node and API.
    pub fn address(self, index: u8) -> Ipv4Addr {
        self.at(index + 1)
    }

    /// What a cluster's Services of type `LoadBalancer` are given: first and last address.
    pub fn pool(self, index: u8) -> (Ipv4Addr, Ipv4Addr) {
        let first = (index + 1) * 16;
        (self.at(first), self.at(first + 15))
    }

    /// Where a cluster's pods get their addresses.
    pub fn pods(self, index: u8) -> String {
        format!("10.{}.0.0/16", 100 + self.number * 12 + index)
    }

    /// Makes the bridge where there is none.
    ///
    /// # Errors
    /// The addresses are in use, or the kernel has no bridges.
    pub fn raise(self) -> Result<()> {
        let bridge = self.bridge();
        if !self.links()?.contains(&bridge) {
            self.check_free()?;
            ip(&["link", "add", &bridge, "type", "bridge"])
                .context("cannot make a bridge: the kernel needs CONFIG_BRIDGE")?;
        }
        ip(&["addr", "replace", &format!("{}/24", self.host()), "dev", &bridge])?;
        ip(&["link", "set", &bridge, "up"])
    }

    fn check_free(self) -> Result<()> {
        let host = self.host().to_string();
        let route: Value = json(&["-j", "route", "get", &host])
            .unwrap_or_else(|_| serde_json::json!([{"gateway": "none"}]));
        let first = &route[0];
        if first.get("gateway").is_none() {
            let device = first["dev"].as_str().unwrap_or("another link");
            bail!(
                "172.30.{}.0/24 is in use on this machine ({device}): choose another one with \
                 KSI_SANDBOX_INSTANCE=1 to 9",
                self.number
            );
        }
        Ok(())
    }

    /// Joins a machine to the bridge.
    ///
    /// # Errors
    /// A link cannot be made.
    pub fn join(self, machine: &Machine, index: u8) -> Result<()> {
        let (link, init) = (self.link(index), machine.init().to_string());
        let mut add = vec!["link", "add", &link, "type", "veth", "peer", "name", "eth0"];
        add.extend(["netns", &init]);
        ip(&add).context("cannot make a link: the kernel needs CONFIG_VETH")?;
        ip(&["link", "set", &link, "master", &self.bridge(), "up"])?;
        let inside = |args: &[&str]| run(machine.command("ip").args(args)).map(drop);
        inside(&["addr", "add", &format!("{}/24", self.address(index)), "dev", "eth0"])?;
        inside(&["link", "set", "eth0", "up"])?;
        inside(&["route", "add", "default", "via", &self.host().to_string()])?;
        // The node answers for all of them; kube-proxy sends on what a Service was given.
        inside(&["route", "add", "local", &format!("{}/28", self.pool(index).0), "dev", "lo"])
    }

    /// Removes the link of a cluster. One that is gone is no error.
    ///
    /// # Errors
    /// It stays.
    pub fn leave(self, index: u8) -> Result<()> {
        let link = self.link(index);
        wait_until(&format!("link {link} to go"), Duration::from_secs(5), || {
            if self.links()?.contains(&link) {
                // The kernel may be removing it itself, with the namespace of its other end.
                let _ = ip(&["link", "del", &link]);
                return Ok(false);
            }
            Ok(true)
        })
    }

    /// Removes the bridge. One that is gone is no error.
    ///
    /// # Errors
    /// It stays.
    pub fn lower(self) -> Result<()> {
        if self.links()?.contains(&self.bridge()) {
            ip(&["link", "del", &self.bridge()])?;
        }
        Ok(())
    }

    /// The links on the host that belong to this sandbox.
    ///
    /// # Errors
    /// `ip` cannot say.
    pub fn links(self) -> Result<Vec<String>> {
        let all: Vec<Value> = json(&["-j", "link", "show"])?;
        let names = all.iter().filter_map(|link| link["ifname"].as_str());
        Ok(names.filter(|name| name.starts_with(&self.prefix())).map(str::to_owned).collect())
    }
}

/// Nobody but the host can open a connection to this cluster; its own ones work: the case that the
/// agent connection is for.
///
/// # Errors
/// The kernel lacks nftables or connection tracking.
pub fn isolate(machine: &Machine, network: Network) -> Result<()> {
    let rule = format!(
        "iifname eth0 ip saddr 172.30.{}.0/24 ip saddr != {} ct state new drop",
        network.number(),
        network.host()
    );
    // Behind connection tracking (-200), before Services are resolved (-100).
    table(machine, "ksi_isolate", &[("prerouting", -150, &rule)])
}

/// Undoes [`isolate`].
///
/// # Errors
/// `nft` fails.
pub fn connect(machine: &Machine) -> Result<()> {
    table(machine, "ksi_isolate", &[])
}

/// Whether the cluster is isolated.
pub fn is_isolated(machine: &Machine) -> bool {
    let mut command = machine.command("nft");
    command.args(["list", "table", "inet", "ksi_isolate"]);
    run(&mut command).is_ok()
}

/// This many of a hundred packets from other clusters and from the host are lost; 0 ends it.
///
/// # Errors
/// More than 100, or `nft` fails.
pub fn lose(machine: &Machine, percent: u8) -> Result<()> {
    match percent {
        0 => table(machine, "ksi_loss", &[]),
        1..=99 => {
            let rule = format!("iifname eth0 numgen random mod 100 < {percent} drop");
            table(machine, "ksi_loss", &[("prerouting", -300, &rule)])
        }
        100 => table(machine, "ksi_loss", &[("prerouting", -300, "iifname eth0 drop")]),
        _ => bail!("{percent} of a hundred packets cannot be lost"),
    }
}

/// Every packet that leaves the cluster is held back this long; 0 ends it.
///
/// # Errors
/// The kernel cannot hold packets back.
pub fn delay(machine: &Machine, milliseconds: u32) -> Result<()> {
    let mut command = machine.command("tc");
    if milliseconds == 0 {
        // There is nothing to delete where nothing was added.
        let _ = run(command.args(["qdisc", "del", "dev", "eth0", "root"]));
        return Ok(());
    }
    let time = format!("{milliseconds}ms");
    command.args(["qdisc", "replace", "dev", "eth0", "root", "netem", "delay", &time]);
    run(&mut command).map(drop).context(
        "this kernel cannot hold packets back (it needs CONFIG_NET_SCH_NETEM): use the delay of the \
         fault proxy, which works everywhere, for the API server",
    )
}

/// Replaces a table of ours in the machine's own network namespace.
fn table(machine: &Machine, name: &str, chains: &[(&str, i32, &str)]) -> Result<()> {
    let mut text = format!("table inet {name}\ndelete table inet {name}\n");
    for (hook, priority, rule) in chains {
        writeln!(
            text,
            "table inet {name} {{ chain {hook} {{ type filter hook {hook} priority {priority}; {rule}\n}}\n}}"
        )?;
    }
    let mut child = machine.command("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn()?;
    child.stdin.take().context("nft has no input")?.write_all(text.as_bytes())?;
    let status = child.wait()?;
    if !status.success() {
        bail!("nft refused ({status}), see above; it was given:\n{text}");
    }
    Ok(())
}

fn ip(args: &[&str]) -> Result<()> {
    run(Command::new("ip").args(args)).map(drop)
}

fn json<T: serde::de::DeserializeOwned>(args: &[&str]) -> Result<T> {
    let text = run(Command::new("ip").args(args))?;
    Ok(serde_json::from_str(&text)?)
}
