//! What follows once the configuration of the member is applied.

use std::path::Path;

use super::JoinArgs;
use super::start::Joining;
use crate::cli::exit::Failure;
use crate::cli::member::{observer, write_private};
use crate::fleet::{self, Error, Host, Stage};
use crate::member::{Account, Bundle, Connection, Mode};
use crate::object::ObjectId;
use crate::ui::Output;

pub(super) async fn finish(
    args: &JoinArgs,
    joining: &Joining,
    output: &Output,
) -> Result<(), Failure> {
    let Joining { bundle, host, .. } = joining;
    if args.is_dry_run() {
        dry_run(args, joining, output);
        return Ok(());
    }
    match bundle.mode {
        Mode::Agent => agent(args, joining, output).await?,
        Mode::Direct => {
            let name = &bundle.name;
            let kubeconfig = account(args, joining, output).await?;
            let Some(host) = host else { return reply(name, &kubeconfig, output) };
            fleet::verify(host, name, &kubeconfig, &args.applying.skip_checks).await?;
            fleet::register(host, name, &Connection::Direct { kubeconfig }, false).await?;
        }
    }
    if let Some(host) = host {
        return together(args, joining, host, output).await;
    }
    if let Some(complaint) = fleet::agent_complaint(joining.session.cluster()).await {
        output
            .print(&format!("warning: the agent runs, but is not connected to Tower: {complaint}"));
    }
    output.print(&format!(
        "the agent runs; on the host, `ksi member check {}` shows whether it is connected",
        bundle.name
    ));
    Ok(())
}

/// What would follow the plan of the member's configuration, on both sides.
fn dry_run(args: &JoinArgs, joining: &Joining, output: &Output) {
    let Joining { session, prepared, bundle, host, on_host } = joining;
    let (configuration, facts) = (&prepared.configuration, &prepared.facts);
    let agent = bundle.link.as_ref().and_then(|link| {
        fleet::agent_of(bundle, link, configuration, facts, args.agent_proxy.clone())
    });
    let on_member = match agent {
        Some(agent) => agent.manifests(),
        None => account_of(bundle).manifests().to_vec(),
    };
    let host = host.as_ref().map_or("the host", |host| host.cluster.place());
    for (place, objects) in [(session.cluster().place(), &on_member), (host, on_host)] {
        for id in objects.iter().filter_map(ObjectId::of) {
            output.print(&format!("would apply {id} ({place})"));
        }
    }
    output.print("nothing was changed");
}

async fn agent(args: &JoinArgs, joining: &Joining, output: &Output) -> Result<(), Failure> {
    let Joining { session, prepared, bundle, .. } = joining;
    let unusable = || Failure::Usage("the bundle has no address of Tower".to_owned());
    let link = bundle.link.as_ref().ok_or_else(unusable)?;
    let (configuration, facts) = (&prepared.configuration, &prepared.facts);
    let proxy = args.agent_proxy.clone();
    let agent = fleet::agent_of(bundle, link, configuration, facts, proxy).ok_or_else(unusable)?;
    let member = session.cluster();
    fleet::install_agent(member, &agent, false, &mut observer(output)).await?;
    Ok(fleet::wait_for_agent(member, args.timeout()).await?)
}

fn account_of(bundle: &Bundle) -> Account<'_> {
    Account { name: &bundle.name, host: &bundle.host.uid }
}

/// Makes the account of the host, and the kubeconfig for it. An earlier one is kept as long as it is good.
async fn account(args: &JoinArgs, joining: &Joining, output: &Output) -> Result<String, Failure> {
    let Joining { session, bundle, host, .. } = joining;
    let previous = match host {
        Some(host) => host.member(&bundle.name).ok().and_then(|known| known.kubeconfig.clone()),
        None => std::fs::read_to_string(reply_file(&bundle.name)).ok(),
    };
    let which = (args.member_server.as_deref(), previous.as_deref());
    let (account, mut observer) = (account_of(bundle), observer(output));
    Ok(fleet::install_account(session.cluster(), &account, which, &mut observer).await?)
}

fn reply_file(name: &str) -> String {
    format!("{name}.kubeconfig")
}

/// The kubeconfig for a host that this machine does not reach.
fn reply(name: &str, kubeconfig: &str, output: &Output) -> Result<(), Failure> {
    let file = reply_file(name);
    write_private(Path::new(&file), kubeconfig)?;
    output.print(&format!(
        "wrote {file}: with it the host has all rights on this cluster. On the host, run:\n  \
         ksi member add {name} --mode direct --member-kubeconfig {file}"
    ));
    Ok(())
}

/// Waits for the host, and proves that the two work together.
async fn together(
    args: &JoinArgs,
    joining: &Joining,
    host: &Host,
    output: &Output,
) -> Result<(), Failure> {
    let (name, member) = (&joining.bundle.name, joining.session.cluster());
    output.message(&format!("waiting until {} has joined {name}", host.cluster.place()));
    fleet::wait_joined(&host.cluster, member, name, args.timeout()).await?;
    if !args.skip_probe {
        let arrival = fleet::probe(&host.cluster, member, name, args.timeout()).await?;
        output.print(&format!(
            "a federated ConfigMap reached {name} after {:.1} s and was gone again after {:.1} s",
            arrival.arrived.as_secs_f64(),
            arrival.left.as_secs_f64()
        ));
    }
    let host = Host::read(&host.cluster).await?;
    let evidence = fleet::observe(&host, host.member(name)?).await;
    let report = fleet::run(&evidence, Stage::Joined, &args.applying.skip_checks);
    if !report.success() {
        return Err(Error::Checks(report).into());
    }
    output.print(&format!("{name} is a member of {}", host.cluster.place()));
    Ok(())
}
