//! What was seen of one member, as plain data.

use std::collections::BTreeSet;

use serde_json::Value;
use time::OffsetDateTime;

use super::error::Error;
use super::webhook::Webhook;
use crate::check::ReadError;
use crate::member::{KubefedState, Registered};

/// Who has accounts in a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Names under which KubeFed has some.
    pub federated_as: Vec<String>,
    /// The UIDs of the hosts to which ksi joined it.
    pub hosts: BTreeSet<String>,
}

/// What a member itself says, or why a part of it cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberFacts {
    /// The UID of its namespace kube-system.
    pub uid: String,
    /// The version of Kubernetes.
    pub kubernetes: String,
    /// How far its clock is ahead of that of the host, in seconds.
    pub clock_ahead: Option<i64>,
    /// Its role in kubesphere-config; `None` without KubeSphere.
    pub role: Result<Option<String>, ReadError>,
    /// Whether it has the jwtSecret of the host; `None` where either is not known.
    pub same_secret: Option<bool>,
    /// `authentication.oauthOptions.accessTokenMaxAge`, as it stands there.
    pub token_max_age: Option<String>,
    /// What ks-apiserver answers: its version, or why it does not.
    pub kubesphere: Option<Result<String, String>>,
    /// Whether ks-apiserver accepts a token that the host signed; `None` if it was not asked.
    pub host_token: Option<Result<(), String>>,
    /// Kinds that KubeFed places on members and that this one does not have.
    pub missing_kinds: Vec<String>,
    /// Who has accounts in it.
    pub accounts: Result<Accounts, ReadError>,
    /// Workspaces and namespaces with KubeFed's label.
    pub managed: Result<Vec<String>, ReadError>,
    /// Rights that the user who joins it does not have.
    pub missing_rights: Vec<String>,
}

impl MemberFacts {
    /// Those of a cluster of which nothing but its UID is known yet.
    pub(super) fn of(uid: String) -> Self {
        Self {
            uid,
            kubernetes: String::new(),
            clock_ahead: None,
            role: Ok(None),
            same_secret: None,
            token_max_age: None,
            kubesphere: None,
            host_token: None,
            missing_kinds: Vec::new(),
            accounts: Ok(Accounts::default()),
            managed: Ok(Vec::new()),
            missing_rights: Vec::new(),
        }
    }

    /// Whether it is a host.
    ///
    /// # Errors
    /// Its role cannot be read.
    pub fn is_host(&self) -> Result<bool, Error> {
        Ok(self.role.clone()?.is_some_and(|role| role == "host"))
    }
}

/// Whether the member answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// It does.
    Yes(Box<MemberFacts>),
    /// It answers, and does not accept the credential of the host: why.
    Denied(String),
    /// It does not: why.
    No(String),
}

impl Reached {
    /// What it says, if it answers.
    pub fn facts(&self) -> Option<&MemberFacts> {
        match self {
            Self::Yes(facts) => Some(facts),
            Self::Denied(_) | Self::No(_) => None,
        }
    }
}

/// Everything that was seen of one member.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Its name.
    pub name: String,
    /// Its Cluster; `None` before it is registered.
    pub registered: Option<Registered>,
    /// The UID of the cluster that the host knows under this name, also before the join is repeated.
    pub known_uid: Option<String>,
    /// What KubeFed says; `None` if it has no `KubeFedCluster`.
    pub kubefed: Option<KubefedState>,
    /// Service `mc-NAME`.
    pub service: Option<Value>,
    /// Whether it answers.
    pub reached: Reached,
    /// Whether Tower answers from where the member is joined; `None` where no agent needs it.
    pub tower: Option<Result<(), String>>,
    /// The version of KubeSphere on the host, if its own Cluster says it.
    pub host_version: Option<String>,
    /// Whether the webhook of Clusters is asked about them.
    pub webhook: Result<Webhook, ReadError>,
    /// The UID of the host.
    pub host_uid: String,
    /// Other members that are the same cluster.
    pub same_cluster: Vec<String>,
    /// Other members with the same port of Tower.
    pub same_port: Vec<String>,
    /// The time of the host.
    pub now: OffsetDateTime,
}
