//! What clusters can be told of their network: addresses for load balancers or none, loss, isolation.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, ensure};
use sandbox::builds::Release;
use sandbox::cluster::{Cluster, Wish};
use sandbox::control_plane::ControlPlane;
use sandbox::harness::Sandbox;
use sandbox::machine::Machine;
use sandbox::network::{self, Network};
use sandbox::process::wait_until;

/// A sandbox beside those of a person and of other tests.
const INSTANCE: u8 = 7;

fn wish(name: &str, addresses: bool) -> Wish {
    let release = Release::Oldest.to_string();
    Wish { name: name.to_owned(), release, real: false, kwok: true, isolated: false, addresses }
}

#[test]
fn networks_are_what_was_asked_for() -> Result<()> {
    let _machine = crate::hold_machine();
    let wishes = vec![wish("cloud", true), wish("metal", false)];
    let Some(sandbox) = Sandbox::start_as(Network::new(INSTANCE)?, wishes)? else { return Ok(()) };
    let (cloud, metal) = (sandbox.cluster("cloud")?, sandbox.cluster("metal")?);
    only_a_cloud_gives_addresses(&cloud.control_plane()?, &metal.control_plane()?)?;
    lost_packets_do_not_arrive(&metal.machine()?, api(&metal)?)?;
    isolation_is_one_way(&cloud, &metal)
}

fn only_a_cloud_gives_addresses(cloud: &ControlPlane, metal: &ControlPlane) -> Result<()> {
    let address = |plane: &ControlPlane| {
        let path = "jsonpath={.status.loadBalancer.ingress[*].ip}";
        plane.kubectl(&["get", "service", "balanced", "--output", path])
    };
    for plane in [metal, cloud] {
        plane.kubectl(&["create", "service", "loadbalancer", "balanced", "--tcp=80"])?;
    }
    wait_until("an address", Duration::from_secs(20), || {
        Ok(address(cloud)? == format!("172.30.{INSTANCE}.16"))
    })?;
    // The one of the other cluster was asked for first.
    ensure!(address(metal)?.is_empty(), "bare metal gave an address: {}", address(metal)?);
    Ok(())
}

fn lost_packets_do_not_arrive(machine: &Machine, api: SocketAddr) -> Result<()> {
    let reached = || TcpStream::connect_timeout(&api, Duration::from_millis(500)).is_ok();
    let tries = |count: usize| (0..count).filter(|_| reached()).count();
    ensure!(tries(1) == 1, "nothing is lost yet");
    network::lose(machine, 100)?;
    ensure!(tries(1) == 0, "everything is lost");
    network::lose(machine, 50)?;
    // Each try loses its first packet with a chance of one half: all of 20, or none, one in 500000.
    ensure!((1..20).contains(&tries(20)), "half is lost");
    network::lose(machine, 0)?;
    ensure!(tries(10) == 10, "nothing is lost any more");
    ensure!(network::lose(machine, 101).is_err(), "more than all");
    Ok(())
}

fn isolation_is_one_way(outer: &Cluster, inner: &Cluster) -> Result<()> {
    let reaches = |from: &Machine, to: SocketAddr| -> Result<bool> {
        let open = format!("exec 3<> /dev/tcp/{}/{}", to.ip(), to.port());
        let mut command = from.command("timeout");
        Ok(command.args(["1", "bash", "-c", &open]).output()?.status.success())
    };
    let (outside, inside) = (outer.machine()?, inner.machine()?);
    ensure!(reaches(&outside, api(inner)?)?, "not isolated yet");
    network::isolate(&inside, inner.network())?;
    ensure!(network::is_isolated(&inside), "the table is there");
    ensure!(!reaches(&outside, api(inner)?)?, "from outside");
    ensure!(reaches(&inside, api(outer)?)?, "from inside");
    inner.control_plane()?.ready()?;
    network::connect(&inside)?;
    ensure!(reaches(&outside, api(inner)?)?, "connected again");
    Ok(())
}

/// Where a cluster's API is, from its kubeconfig.
fn api(cluster: &Cluster) -> Result<SocketAddr> {
    let text = std::fs::read_to_string(cluster.control_plane()?.kubeconfig())?;
    let kubeconfig: serde_json::Value = serde_json::from_str(&text)?;
    let server = kubeconfig["clusters"][0]["cluster"]["server"].as_str().unwrap_or_default();
    Ok(server.trim_start_matches("https://").parse()?)
}
