//! Gathers what there is to see of a member.

use serde_json::Value;
use time::OffsetDateTime;

use super::evidence::{Accounts, Evidence, MemberFacts, Reached};
use super::host::{Host, config_id, name, uid};
use super::reach::reach;
use super::webhook::Webhook;
use crate::check::ReadError;
use crate::cluster::{self, Cluster, ErrorKind, Kind, Selection};
use crate::member::{self, Bundle, Registered};
use crate::object::embedded;
use crate::values;

/// How a path of ks-apiserver begins behind the proxy of an API server.
const KUBESPHERE: &str =
    "/api/v1/namespaces/kubesphere-system/services/:ks-apiserver:80/proxy/kapis";
/// How the names of KubeFed's roles in a member begin and end (ks-controller-manager v3.4.1).
const FEDERATION_ROLE: (&str, &str) = ("kubefed-controller-manager:", "-kubesphere");

/// What there is to see of a registered member. Never fails: what cannot be seen is evidence, too.
pub async fn observe(host: &Host, registered: &Registered) -> Evidence {
    let reached = match reach(host, registered).await {
        Ok(cluster) => match about(&cluster, Some(host)).await {
            Ok(facts) => Reached::Yes(Box::new(facts)),
            Err(error) if matches!(error.kind, ErrorKind::Unauthorized | ErrorKind::Forbidden) => {
                Reached::Denied(error.cause)
            }
            Err(error) => Reached::No(error.cause),
        },
        Err(error) => Reached::No(error.cause()),
    };
    Evidence {
        registered: Some(registered.clone()),
        ..Evidence::before(host, &registered.name, reached)
    }
}

impl Evidence {
    /// What is known of a member that is not registered yet.
    pub fn before(host: &Host, name: &str, reached: Reached) -> Self {
        let own = host.clusters.iter().find(|cluster| cluster.name == name);
        let others = || host.clusters.iter().filter(|cluster| cluster.name != name);
        let uid = reached.facts().map(|facts| facts.uid.as_str());
        let same_cluster = others().filter(|other| uid.is_some() && other.uid.as_deref() == uid);
        let same_cluster = same_cluster.map(|other| other.name.clone()).collect();
        let port = own.and_then(|own| own.port);
        let same_port = others().filter(|other| port.is_some() && other.port == port);
        Self {
            name: name.to_owned(),
            registered: None,
            known_uid: own.and_then(|own| own.uid.clone()),
            kubefed: host.kubefed.get(name).cloned(),
            service: host.services.get(&format!("mc-{name}")).cloned(),
            reached,
            tower: None,
            host_version: host.version().map(str::to_owned),
            webhook: host.webhook.clone(),
            host_uid: host.uid.clone(),
            same_cluster,
            same_port: same_port.map(|other| other.name.clone()).collect(),
            now: host.now,
        }
    }
}

impl Evidence {
    /// What is known of a member where only its bundle is.
    pub(super) fn without_host(bundle: &Bundle, reached: Reached) -> Self {
        Self {
            name: bundle.name.clone(),
            registered: None,
            known_uid: bundle.member_uid.clone(),
            kubefed: None,
            service: None,
            reached,
            tower: None,
            host_version: None,
            webhook: Ok(Webhook::Asked),
            host_uid: bundle.host.uid.clone(),
            same_cluster: Vec::new(),
            same_port: Vec::new(),
            now: OffsetDateTime::now_utc(),
        }
    }
}

/// What a member says about itself; with its host also whether the two fit.
///
/// # Errors
/// It does not answer.
pub async fn about(member: &Cluster, host: Option<&Host>) -> Result<MemberFacts, cluster::Error> {
    // The first request tells whether it answers at all.
    let version = member.read_path("/version").await?;
    let missing_kinds = async {
        match host {
            Some(host) => missing_kinds(member, host).await,
            None => Ok(Vec::new()),
        }
    };
    let kubesphere = async {
        let answer = member.read_path(&format!("{KUBESPHERE}/version")).await;
        Ok(answer.map(|version| version["gitVersion"].as_str().unwrap_or("unknown").to_owned()))
    };
    let (uid, config, accounts, managed, missing_kinds, kubesphere) = futures_util::try_join!(
        uid(member),
        async { permitted(member.get(&config_id()).await) },
        accounts(member),
        managed(member),
        missing_kinds,
        kubesphere,
    )?;
    let mut facts = MemberFacts {
        kubernetes: version["gitVersion"].as_str().unwrap_or_default().to_owned(),
        clock_ahead: host.and_then(|host| clock_ahead(member, &host.cluster)),
        accounts,
        managed,
        missing_kinds,
        ..MemberFacts::of(uid)
    };
    let config = match config {
        Ok(config) => config,
        Err(why) => {
            facts.role = Err(why);
            facts.kubesphere = Some(kubesphere.map_err(|error| error.cause));
            return Ok(facts);
        }
    };
    let document = config.as_ref().and_then(|config| embedded::read(config).ok().flatten());
    let Some(document) = document else { return Ok(facts) };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Null => None,
        other => Some(other.to_string()),
    };
    let role = text(&document["multicluster"]["clusterRole"]);
    facts.role = Ok(Some(role.unwrap_or_else(|| "none".to_owned())));
    facts.token_max_age = text(&document["authentication"]["oauthOptions"]["accessTokenMaxAge"]);
    facts.kubesphere = Some(kubesphere.map_err(|error| error.cause));
    if let Some(host) = host {
        let secret = values::jwt_secret_in_use(config.as_ref());
        facts.same_secret = secret.map(|secret| secret == host.jwt_secret);
        // Only a member that has the secret already gets to see a token.
        if facts.same_secret == Some(true) && matches!(facts.kubesphere, Some(Ok(_))) {
            facts.host_token = Some(accepts_token(member, host).await);
        }
    }
    Ok(facts)
}

/// Whether a user who signed in to the host could use the member.
async fn accepts_token(member: &Cluster, host: &Host) -> Result<(), String> {
    let now = host.cluster.server_time().unwrap_or_else(OffsetDateTime::now_utc);
    let token = values::sign_in_token(&host.jwt_secret, now);
    let path = format!("{KUBESPHERE}/iam.kubesphere.io/v1alpha2/users/admin");
    member.read_as(&path, &token).await.map(|_| ()).map_err(|error| error.cause)
}

/// What was read; or that the user may not read it, which the checks that need it tell.
fn permitted<T>(answer: Result<T, cluster::Error>) -> Result<Result<T, ReadError>, cluster::Error> {
    match answer {
        Err(error) if error.kind == ErrorKind::Forbidden => Ok(Err(ReadError(error.cause))),
        other => other.map(Ok),
    }
}

fn clock_ahead(member: &Cluster, host: &Cluster) -> Option<i64> {
    Some((member.server_time()? - host.server_time()?).whole_seconds())
}

/// Who has accounts in a member: the names of its bindings of cluster roles tell.
async fn accounts(member: &Cluster) -> Result<Result<Accounts, ReadError>, cluster::Error> {
    let kind = Kind::new("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding");
    let bindings = permitted(member.list(&kind, &Selection::default().metadata()).await)?;
    Ok(bindings.map(|bindings| Accounts {
        federated_as: bindings.iter().filter_map(federated_as).collect(),
        hosts: bindings.iter().filter_map(host_of).collect(),
    }))
}

/// The name under which KubeFed of some host has an account with all rights, if this is its binding.
fn federated_as(binding: &Value) -> Option<String> {
    let (start, end) = FEDERATION_ROLE;
    Some(name(binding).strip_prefix(start)?.strip_suffix(end)?.to_owned())
}

/// The UID of the host, if this is the binding of the account that ksi made for it, or that of KubeFed with the mark of a
/// rejoin.
fn host_of(binding: &Value) -> Option<String> {
    let is_own = [member::AGENT, member::HOST_ACCOUNT].contains(&&*name(binding));
    (is_own || federated_as(binding).is_some()).then_some(())?;
    Some(binding["metadata"]["annotations"][member::HOST_UID].as_str()?.to_owned())
}

/// Workspaces and namespaces with KubeFed's label.
async fn managed(member: &Cluster) -> Result<Result<Vec<String>, ReadError>, cluster::Error> {
    let selection = Selection::default().metadata().labelled(format!("{}=true", member::MANAGED));
    let workspaces = Kind::new("tenant.kubesphere.io", "v1alpha1", "Workspace");
    let namespaces = Kind::new("", "v1", "Namespace");
    let lists = futures_util::try_join!(
        member.list(&workspaces, &selection),
        member.list(&namespaces, &selection),
    );
    let all = permitted(lists)?;
    Ok(all.map(|(workspaces, namespaces)| {
        member::namespace_leftovers(&[workspaces, namespaces].concat())
    }))
}

/// A kind that one ready member does not have stops KubeFed 0.8.1 for that kind everywhere, silently, and ends 0.10.
async fn missing_kinds(member: &Cluster, host: &Host) -> Result<Vec<String>, cluster::Error> {
    let versions = host.types.iter().map(|kind| (kind.group.clone(), kind.version.clone()));
    member.discover(versions).await?;
    let mut missing = Vec::new();
    for kind in &host.types {
        if member.resource(kind).await?.is_none() {
            missing.push(kind.to_string());
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_binding_tells_of_its_host() {
        let binding = |name: &str| {
            let annotations = json!({member::HOST_UID: "h"});
            json!({"metadata": {"name": name, "annotations": annotations}})
        };
        let kubefed = binding("kubefed-controller-manager:m1-kubesphere");
        for ours in [&binding(member::AGENT), &binding(member::HOST_ACCOUNT), &kubefed] {
            assert_eq!(host_of(ours).as_deref(), Some("h"), "{ours}");
        }
        assert_eq!(host_of(&binding("cluster-admin")), None);
        assert_eq!(federated_as(&kubefed).as_deref(), Some("m1"));
    }
}
