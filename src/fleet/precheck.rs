//! What must hold before anything is written to a member.

use futures_util::future::join_all;

use super::add::fits;
use super::checks::{Stage, run};
use super::dial::dial;
use super::error::Error;
use super::evidence::{Evidence, MemberFacts, Reached};
use super::host::Host;
use super::observe::about;
use super::reach::connect;
use crate::check::Report;
use crate::cluster::{self, Access, Cluster};
use crate::member::{Bundle, Link, Mode};

/// What a member needs rights for: verb, group, resource.
const RIGHTS: [(&str, &str, &str); 8] = [
    ("list", "", "namespaces"),
    ("list", "rbac.authorization.k8s.io", "clusterrolebindings"),
    ("get", "", "configmaps"),
    ("create", "", "serviceaccounts"),
    ("create", "", "secrets"),
    ("create", "apps", "deployments"),
    ("create", "rbac.authorization.k8s.io", "clusterrolebindings"),
    ("bind", "rbac.authorization.k8s.io", "clusterroles"),
];

/// Checks a cluster that is to become a member, from where it is joined. Without the host, what only both together can
/// tell is left out: `ksi member check` on the host tells it afterwards.
///
/// # Errors
/// The cluster does not answer.
pub async fn precheck(
    member: &Cluster,
    bundle: &Bundle,
    host: Option<&Host>,
    skip: &[String],
) -> Result<Report, cluster::Error> {
    let mut facts = about(member, host).await?;
    facts.missing_rights = missing_rights(member).await?;
    let reached = Reached::Yes(Box::new(facts));
    let evidence = match host {
        Some(host) => Evidence::before(host, &bundle.name, reached),
        None => Evidence::without_host(bundle, reached),
    };
    let tower = match &bundle.link {
        Some(link) if !skip.iter().any(|id| id == "member-tower") => Some(answers(link).await),
        _ => None,
    };
    Ok(run(&Evidence { tower, ..evidence }, Stage::Before, skip))
}

/// Whether Tower answers at the address of a bundle, with a key that the host saw there.
async fn answers(link: &Link) -> Result<(), String> {
    let seen = dial(&link.address).await?;
    if link.pin.is_none() || seen == link.pin {
        return Ok(());
    }
    Err(format!(
        "TLS: {} has a certificate of another authority than the host saw when it made the bundle",
        link.address
    ))
}

async fn missing_rights(member: &Cluster) -> Result<Vec<String>, cluster::Error> {
    let asked = RIGHTS.map(|(verb, group, resource)| Access {
        verb: verb.to_owned(),
        group: group.to_owned(),
        resource: resource.to_owned(),
        namespace: None,
        name: None,
    });
    let mut missing = Vec::new();
    let answers = join_all(asked.iter().map(|access| member.may(access))).await;
    for (access, answer) in asked.iter().zip(answers) {
        if !answer? {
            missing.push(format!("{} {}", access.verb, access.resource));
        }
    }
    Ok(missing)
}

/// Whether a host reaches a member with this kubeconfig, and may register it under this name.
///
/// # Errors
/// The name is taken by something else, the kubeconfig cannot be used, the member does not answer, or a check fails.
pub async fn verify(
    host: &Host,
    name: &str,
    kubeconfig: &str,
    skip: &[String],
) -> Result<(), Error> {
    if let Some(existing) = host.clusters.iter().find(|cluster| cluster.name == name) {
        fits(existing, Mode::Direct)?;
    }
    let member = connect(name, kubeconfig.to_owned(), None).await?;
    let facts: MemberFacts = about(&member, Some(host)).await?;
    let evidence = Evidence::before(host, name, Reached::Yes(Box::new(facts)));
    let report = run(&evidence, Stage::Before, skip);
    if report.success() { Ok(()) } else { Err(Error::Checks(report)) }
}
