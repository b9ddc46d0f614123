//! What each check of a member finds. Pure.

use serde_json::Value;
use time::Duration;

use super::super::evidence::{Accounts, Evidence, MemberFacts, Reached};
use super::super::webhook::Webhook;
use crate::check::{Outcome, ReadError};
use crate::member::{Credential, Mode, Registered, expiry, server};

fn ok() -> Outcome {
    Outcome::Ok(None)
}

fn fine(detail: impl Into<String>) -> Outcome {
    Outcome::Ok(Some(detail.into()))
}

fn skipped(why: &str) -> Outcome {
    Outcome::Skipped(why.to_owned())
}

fn error(why: impl Into<String>) -> Outcome {
    Outcome::Error(why.into())
}

/// What was read of the member, or that nobody knows.
fn read<T>(part: &Result<T, ReadError>, answer: impl FnOnce(&T) -> Outcome) -> Outcome {
    match part {
        Ok(read) => answer(read),
        Err(ReadError(why)) => Outcome::Unread(why.clone()),
    }
}

const SUSPENDED: &str = "it is suspended";
const SILENT: &str = "it does not answer";

/// What the member says, or that it says nothing.
fn asked(evidence: &Evidence, answer: impl FnOnce(&MemberFacts) -> Outcome) -> Outcome {
    evidence.reached.facts().map_or_else(|| skipped(SILENT), answer)
}

fn registered(evidence: &Evidence, answer: impl FnOnce(&Registered) -> Outcome) -> Outcome {
    evidence.registered.as_ref().map_or_else(|| skipped("it is not registered yet"), answer)
}

/// Only members behind Tower.
fn tunnelled(evidence: &Evidence, answer: impl FnOnce(&Registered) -> Outcome) -> Outcome {
    registered(evidence, |member| match member.mode {
        Mode::Agent => answer(member),
        Mode::Direct => skipped("it is reached directly"),
    })
}

pub(super) fn enabled(evidence: &Evidence) -> Outcome {
    registered(evidence, |member| match member {
        Registered { is_terminating: true, .. } => error("its Cluster is being deleted"),
        Registered { is_enabled: true, .. } => ok(),
        _ => Outcome::Warning(SUSPENDED.to_owned()),
    })
}

pub(super) fn ports(evidence: &Evidence) -> Outcome {
    tunnelled(evidence, |member| match (member.port, evidence.same_port.is_empty()) {
        (None, _) => error("Tower has not given it a port: is Tower running?"),
        (Some(port), true) => fine(port.to_string()),
        (Some(port), false) => error(format!(
            "{} has port {port}, too: requests to one of them reach the other",
            evidence.same_port.join(", ")
        )),
    })
}

/// Whether an address such as `https://10.96.0.1:6443` is one of this IP address.
fn leads_to(address: &str, ip: &str) -> bool {
    let host = address.parse::<http::Uri>().ok();
    let host = host.as_ref().and_then(http::Uri::host);
    host.is_some_and(|host| host.trim_matches(['[', ']']) == ip)
}

pub(super) fn service(evidence: &Evidence) -> Outcome {
    tunnelled(evidence, |member| {
        if !member.is_enabled {
            return skipped(SUSPENDED);
        }
        let name = format!("mc-{}", member.name);
        let Some(service) = &evidence.service else {
            return error(format!(
                "Service {name} does not exist, and Tower does not make it again: KubeSphere and KubeFed cannot reach the member"
            ));
        };
        let ip = service["spec"]["clusterIP"].as_str().unwrap_or_default();
        let ports: Vec<&Value> =
            service["spec"]["ports"].as_array().into_iter().flatten().collect();
        let leads = |to: u16| ports.iter().any(|port| port["targetPort"] == to);
        match (&member.endpoint, member.port) {
            (Some(endpoint), _) if !leads_to(endpoint, ip) => error(format!(
                "the Cluster has the address {endpoint}, but Service {name} has {ip}"
            )),
            (_, Some(port)) if !leads(port) => {
                error(format!("Service {name} does not lead to port {port} of Tower"))
            }
            _ => match member.kubeconfig.as_deref().and_then(server) {
                // Tower writes it when an agent connects, and makes its certificate for the same address.
                Some(server) if !leads_to(&server, ip) => error(format!(
                    "the kubeconfig has the address {server}, but Service {name} has {ip}; on the member: `kubectl -n \
                     kubesphere-system rollout restart deployment/cluster-agent`"
                )),
                _ => ok(),
            },
        }
    })
}

/// A credential is renewed in time.
const SOON: Duration = Duration::days(30);

pub(super) fn credential(evidence: &Evidence) -> Outcome {
    registered(evidence, |member| {
        let Some(kubeconfig) = &member.kubeconfig else {
            return match member.mode {
                // Tower writes it then. That the member does not answer says member-reachable.
                Mode::Agent => skipped("its agent has not connected to Tower yet"),
                Mode::Direct => error("there is none: its Cluster has no kubeconfig"),
            };
        };
        match expiry(kubeconfig) {
            Credential::Until(end) if end <= evidence.now => {
                error(format!("it expired on {}", end.date()))
            }
            Credential::Until(end) if end - evidence.now < SOON => {
                Outcome::Warning(format!("it expires on {}", end.date()))
            }
            Credential::Until(end) => fine(format!("until {}", end.date())),
            Credential::Unlimited => fine("it does not expire"),
            Credential::Missing => error("its kubeconfig has neither a token nor a certificate"),
        }
    })
}

pub(super) fn reachable(evidence: &Evidence) -> Outcome {
    match &evidence.reached {
        Reached::No(_) | Reached::Denied(_) if is_suspended(evidence) => skipped(SUSPENDED),
        Reached::Yes(facts) => fine(facts.kubernetes.clone()),
        Reached::No(why) | Reached::Denied(why) => error(why.clone()),
    }
}

pub(super) fn tower(evidence: &Evidence) -> Outcome {
    match &evidence.tower {
        None => skipped("it needs no agent"),
        Some(Ok(())) => ok(),
        Some(Err(why)) => error(why.clone()),
    }
}

fn is_suspended(evidence: &Evidence) -> bool {
    evidence.registered.as_ref().is_some_and(|member| !member.is_enabled)
}

/// The UID of the cluster that the host knows under this name.
fn known_uid(evidence: &Evidence) -> Option<&str> {
    let registered = evidence.registered.as_ref().and_then(|member| member.uid.as_deref());
    registered.or(evidence.known_uid.as_deref())
}

/// Whether the host knows the cluster that answers, or left its mark in it. The name alone proves nothing: another host may
/// use it, too.
fn is_ours(evidence: &Evidence, facts: &MemberFacts) -> bool {
    let is_marked = |accounts: &Accounts| accounts.hosts.contains(&evidence.host_uid);
    facts.accounts.as_ref().is_ok_and(is_marked) || known_uid(evidence) == Some(&*facts.uid)
}

pub(super) fn identity(evidence: &Evidence) -> Outcome {
    asked(evidence, |facts| {
        if facts.uid == evidence.host_uid {
            return error("it is the host itself");
        }
        if !evidence.same_cluster.is_empty() {
            let others = evidence.same_cluster.join(", ");
            return error(format!("{others} is the same cluster (UID {})", facts.uid));
        }
        match known_uid(evidence) {
            Some(uid) if uid != facts.uid => {
                error(format!("another cluster answers: UID {} instead of {uid}", facts.uid))
            }
            _ => ok(),
        }
    })
}

pub(super) fn other_host(evidence: &Evidence) -> Outcome {
    asked(evidence, |facts| {
        read(&facts.accounts, |accounts| match other_accounts(evidence, accounts) {
            Some(others) => error(others),
            None if accounts.federated_as.is_empty() || is_ours(evidence, facts) => ok(),
            None => read(&facts.managed, |managed| match &**managed {
                [] => ok(),
                _ => error(format!(
                    "KubeFed of a host has an account with all rights in it as {}, and nothing shows that it is this host",
                    evidence.name
                )),
            }),
        })
    })
}

/// The accounts of other hosts in a member, as text.
fn other_accounts(evidence: &Evidence, accounts: &Accounts) -> Option<String> {
    let hosts = accounts.hosts.iter().filter(|uid| **uid != evidence.host_uid);
    let hosts: Vec<&str> = hosts.map(String::as_str).collect();
    // Also under the same name.
    if !hosts.is_empty() {
        return Some(format!(
            "ksi joined it to the host with UID {}; this one has {}",
            hosts.join(", "),
            evidence.host_uid
        ));
    }
    let names = accounts.federated_as.iter().filter(|name| **name != evidence.name);
    let names: Vec<&str> = names.map(String::as_str).collect();
    let others = names.join(", ");
    (!names.is_empty())
        .then(|| format!("KubeFed of a host has an account with all rights in it as {others}"))
}

pub(super) fn clock(evidence: &Evidence) -> Outcome {
    asked(evidence, |facts| match facts.clock_ahead {
        None => skipped("one of the API servers does not say its time"),
        Some(ahead) if ahead.abs() < 10 => ok(),
        Some(ahead) => {
            let how = if ahead > 0 { "ahead of" } else { "behind" };
            error(format!("it is {} s {how} that of the host", ahead.abs()))
        }
    })
}

pub(super) fn rights(evidence: &Evidence) -> Outcome {
    asked(evidence, |facts| {
        if facts.missing_rights.is_empty() {
            ok()
        } else {
            error(format!("you may not {}", facts.missing_rights.join(", ")))
        }
    })
}

pub(super) fn kubesphere(evidence: &Evidence) -> Outcome {
    asked(evidence, |facts| match (&facts.role, &facts.kubesphere) {
        (Ok(None), _) => error("KubeSphere is not installed on it"),
        (_, Some(Ok(version))) => fine(version.clone()),
        (_, Some(Err(why))) => error(why.clone()),
        (_, None) => skipped("it was not asked"),
    })
}

pub(super) fn version(evidence: &Evidence) -> Outcome {
    asked(evidence, |facts| match (&facts.kubesphere, &evidence.host_version) {
        (Some(Ok(member)), Some(host)) if member == host => ok(),
        (Some(Ok(member)), Some(host)) => {
            Outcome::Warning(format!("it has {member}, the host has {host}"))
        }
        (_, None) => skipped("the host's own Cluster does not say its version"),
        _ => skipped("KubeSphere on it does not answer"),
    })
}

/// Only members with KubeSphere.
fn installed(evidence: &Evidence, answer: impl FnOnce(&MemberFacts, &str) -> Outcome) -> Outcome {
    asked(evidence, |facts| {
        read(&facts.role, |role| match role {
            Some(role) => answer(facts, role),
            None => skipped("KubeSphere is not installed on it"),
        })
    })
}

pub(super) fn role(evidence: &Evidence) -> Outcome {
    installed(evidence, |_, role| match role {
        "member" => ok(),
        other => error(format!("its role is {other}")),
    })
}

pub(super) fn no_host(evidence: &Evidence) -> Outcome {
    installed(evidence, |_, role| match role {
        "host" => error("its role is host"),
        _ => ok(),
    })
}

pub(super) fn jwt_secret(evidence: &Evidence) -> Outcome {
    installed(evidence, |facts, _| match facts.same_secret {
        Some(true) => ok(),
        Some(false) => error("it has another one: users of the host are signed out on it"),
        None => error("its kubesphere-config has no jwtSecret"),
    })
}

pub(super) fn token_age(evidence: &Evidence) -> Outcome {
    installed(evidence, |facts, _| match facts.token_max_age.as_deref() {
        Some("0" | "0s") => ok(),
        found => error(format!(
            "accessTokenMaxAge is {}: it only accepts tokens that it issued itself",
            found.unwrap_or("not set, which means 2h")
        )),
    })
}

pub(super) fn host_token(evidence: &Evidence) -> Outcome {
    asked(evidence, |facts| match &facts.host_token {
        Some(Ok(())) => ok(),
        Some(Err(why)) => error(why.clone()),
        None => skipped("it has another jwtSecret, or does not answer"),
    })
}

pub(super) fn federated(evidence: &Evidence) -> Outcome {
    registered(evidence, |member| match &evidence.kubefed {
        None if !member.is_enabled => skipped(SUSPENDED),
        // ks-controller-manager was joining it while it was suspended.
        Some(_) if !member.is_enabled => {
            error("it is suspended, but KubeFed has it again; `ksi member suspend` takes it away")
        }
        None => {
            let why = member.federated.as_ref().map(|condition| condition.why.as_str());
            error(format!(
                "it has no KubeFedCluster: {}",
                why.unwrap_or("ks-controller-manager has not joined it yet")
            ))
        }
        Some(state) => match state.reaches() {
            Some(Ok(())) => ok(),
            Some(Err(why)) => error(why),
            None => error("KubeFed has not probed it yet"),
        },
    })
}

pub(super) fn types(evidence: &Evidence) -> Outcome {
    asked(evidence, |facts| match &*facts.missing_kinds {
        [] => ok(),
        // Before it joins, KubeSphere is installed first, with its kinds.
        _ if evidence.registered.is_none() && facts.role == Ok(None) => {
            skipped("KubeSphere is not installed on it yet")
        }
        missing => error(format!("{} missing: {}", missing.len(), missing.join(", "))),
    })
}

pub(super) fn leftovers(evidence: &Evidence) -> Outcome {
    asked(evidence, |facts| {
        read(&facts.managed, |managed| match &**managed {
            [] => ok(),
            _ if is_ours(evidence, facts) => skipped("it has joined before"),
            managed => error(managed.join(", ")),
        })
    })
}

pub(super) fn validated(evidence: &Evidence) -> Outcome {
    read(&evidence.webhook, |webhook| match webhook {
        Webhook::Asked => ok(),
        Webhook::Paused => fine("a ksi member command has it paused at the moment"),
        Webhook::Abandoned => error("webhook cluster.kubesphere.io is asked about no Cluster"),
    })
}

pub(super) fn conditions(evidence: &Evidence) -> Outcome {
    registered(evidence, |member| {
        let says = |condition: &Option<crate::member::Condition>| {
            condition.as_ref().is_some_and(|condition| condition.is_true)
        };
        if !member.is_enabled {
            return skipped(SUSPENDED);
        }
        let answers = evidence.reached.facts();
        match (says(&member.ready), answers) {
            (true, None) => error("it says Ready, but the member does not answer"),
            (true, Some(facts)) if !matches!(facts.kubesphere, Some(Ok(_))) => {
                error("it says Ready, but KubeSphere on the member does not answer")
            }
            (false, Some(_)) => {
                let why = member.ready.as_ref().map_or("", |ready| ready.why.as_str());
                Outcome::Warning(format!("it is not Ready: {why}"))
            }
            _ => ok(),
        }
    })
}
