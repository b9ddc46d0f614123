//! The table of checks of a member: before it joins, and afterwards.

mod outcomes;

use self::outcomes::{
    clock, conditions, credential, enabled, federated, host_token, identity, jwt_secret,
    kubesphere, leftovers, no_host, other_host, ports, reachable, rights, role, service, token_age,
    tower, types, validated, version,
};
use super::evidence::Evidence;
use crate::check::{About, Outcome, Report, Row, section};

/// When a check applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Before the member joins.
    Before,
    /// Once it is registered.
    Joined,
    /// Both.
    Always,
}

/// One row of the table.
#[derive(Debug)]
pub struct MemberCheck {
    /// What it is called and says.
    pub about: About,
    /// When it applies.
    pub stage: Stage,
    evaluate: fn(&Evidence) -> Outcome,
}

const CONNECTION: &str = "Connection";
const CLUSTER: &str = "Cluster";
const KUBESPHERE: &str = "KubeSphere";
const FEDERATION: &str = "Federation";

const fn row(
    id: &'static str,
    category: &'static str,
    stage: Stage,
    (description, hint): (&'static str, &'static str),
    evaluate: fn(&Evidence) -> Outcome,
) -> MemberCheck {
    MemberCheck { about: About { id, category, description, hint }, stage, evaluate }
}

/// All checks in the order in which they are shown.
pub fn checks() -> &'static [MemberCheck] {
    TABLE
}

const TABLE: &[MemberCheck] = &[
    row(
        "member-enabled",
        CONNECTION,
        Stage::Joined,
        ("it is not suspended", "`ksi member resume NAME` connects it again"),
        enabled,
    ),
    row(
        "member-ports",
        CONNECTION,
        Stage::Joined,
        (
            "no other member has its port of Tower",
            "`ksi member remove` one of them and add it again: ksi assigns a port that is free",
        ),
        ports,
    ),
    row(
        "member-service",
        CONNECTION,
        Stage::Joined,
        ("its Service leads to Tower", "`ksi member add NAME` makes it again"),
        service,
    ),
    row(
        "member-credential",
        CONNECTION,
        Stage::Joined,
        ("the credential of the host is valid", "`ksi member rejoin NAME` renews it"),
        credential,
    ),
    row(
        "member-reachable",
        CONNECTION,
        Stage::Always,
        (
            "its API server answers",
            "direct: check the address in its kubeconfig, firewalls and certificate, and if it says `Unauthorized`, `ksi member join` again; agent: `kubectl -n kubesphere-system logs deployment/cluster-agent` on the member",
        ),
        reachable,
    ),
    row(
        "member-tower",
        CONNECTION,
        Stage::Before,
        (
            "Tower answers at its address",
            "the first word is the step that failed; an agent needs a proxy where this machine needs one: --agent-proxy",
        ),
        tower,
    ),
    row(
        "member-identity",
        CLUSTER,
        Stage::Always,
        (
            "it is the cluster that is registered, and only once",
            "after a reinstallation of the member: `ksi member rejoin NAME`",
        ),
        identity,
    ),
    row(
        "member-other-host",
        CLUSTER,
        Stage::Always,
        (
            "no other host has joined it",
            "remove it there; if that host is gone or was installed anew: `ksi member leave` on the member, then join",
        ),
        other_host,
    ),
    row(
        "member-clock",
        CLUSTER,
        Stage::Always,
        (
            "its clock differs by less than 10 s",
            "KubeSphere refuses tokens from the future: synchronize the clocks with NTP",
        ),
        clock,
    ),
    row(
        "member-rights",
        CLUSTER,
        Stage::Before,
        (
            "you may make what the host needs",
            "use an account with role cluster-admin on the member",
        ),
        rights,
    ),
    row(
        "member-kubesphere",
        KUBESPHERE,
        Stage::Joined,
        (
            "its KubeSphere answers",
            "`ksi status` on the member shows why not; without KubeSphere: `ksi member join` again",
        ),
        kubesphere,
    ),
    row(
        "member-version",
        KUBESPHERE,
        Stage::Joined,
        (
            "it has the KubeSphere version of the host",
            "KubeSphere does not support members of another version: upgrade the older one",
        ),
        version,
    ),
    row(
        "member-role",
        KUBESPHERE,
        Stage::Joined,
        ("its role is member", "set `multicluster.clusterRole: member` on the member and apply"),
        role,
    ),
    row(
        "member-host-role",
        KUBESPHERE,
        Stage::Before,
        (
            "it is no host",
            "a host cannot be a member of another one: uninstall KubeSphere there first",
        ),
        no_host,
    ),
    row(
        "member-jwt-secret",
        KUBESPHERE,
        Stage::Joined,
        (
            "it has the jwtSecret of the host",
            "`ksi member add NAME` on the host and `ksi member join` on the member set it",
        ),
        jwt_secret,
    ),
    row(
        "member-token-age",
        KUBESPHERE,
        Stage::Joined,
        (
            "it accepts tokens that it did not issue",
            "on the member: remove `authentication.oauthOptions.accessTokenMaxAge` from its configuration (a member has 0), then `ksi apply`; if it was changed in ConfigMap kubesphere-config by hand: `ksi apply --force-conflicts`",
        ),
        token_age,
    ),
    row(
        "member-host-token",
        KUBESPHERE,
        Stage::Joined,
        (
            "it accepts a token of the host",
            "the message is the answer of the member's ks-apiserver; User admin has to exist there: it comes by KubeFed",
        ),
        host_token,
    ),
    row(
        "member-federated",
        FEDERATION,
        Stage::Joined,
        (
            "KubeFed reaches it",
            "`kubectl -n kube-federation-system describe kubefedcluster NAME` on the host shows why not",
        ),
        federated,
    ),
    row(
        "member-types",
        FEDERATION,
        Stage::Always,
        (
            "it has every kind that KubeFed places",
            "one member without a kind stops that kind for all members: `ksi apply` on the member installs the CRDs",
        ),
        types,
    ),
    row(
        "member-leftovers",
        FEDERATION,
        Stage::Before,
        (
            "nothing on it is managed by the federation of an earlier host",
            "KubeFed would delete these: `ksi member leave` on the member takes the label off and keeps them",
        ),
        leftovers,
    ),
    row(
        "member-webhook",
        FEDERATION,
        Stage::Joined,
        (
            "KubeSphere validates changes of its Cluster",
            "a ksi member command was killed: `ksi member add`, `remove`, `suspend`, `resume` and `rejoin` put the webhook back first",
        ),
        validated,
    ),
    row(
        "member-conditions",
        FEDERATION,
        Stage::Joined,
        (
            "its Cluster says the truth",
            "KubeSphere does not take Ready back by itself: trust the checks above, not the console",
        ),
        conditions,
    ),
];

/// The check of this name with its section in docs/check.md; `None` if there is none.
pub fn page(id: &str) -> Option<(About, String)> {
    let check = TABLE.iter().find(|check| check.about.id == id)?;
    Some((check.about, section(id)?))
}

/// Runs all checks of a stage except those that are skipped by name.
pub fn run(evidence: &Evidence, stage: Stage, skip: &[String]) -> Report {
    let applies = |check: &&MemberCheck| check.stage == Stage::Always || check.stage == stage;
    let wanted = TABLE.iter().filter(applies);
    let wanted = wanted.filter(|check| !skip.iter().any(|skipped| skipped == check.about.id));
    let rows =
        wanted.map(|check| Row::new(check.about, (check.evaluate)(evidence)).of(&evidence.name));
    Report { rows: rows.collect() }
}

#[cfg(test)]
mod tests;
