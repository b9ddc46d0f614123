//! The configuration of a member: what it has, with the role of a member and the jwtSecret of its host.

use serde_json::{Value, json};

use crate::cluster::{self, Cluster};
use crate::config::{self, Input};
use crate::install::{self, Prepared, Session, Source, effective, history, rollback};
use crate::member::Bundle;
use crate::target::ClusterTarget;

/// Prepares the configuration of a member: the one that is given, else its ClusterConfiguration, else what ksi applied
/// last, else the defaults; and on top what makes it a member of the host.
///
/// # Errors
/// The configuration is invalid, or the member cannot be read.
pub async fn prepare(
    session: &Session<ClusterTarget>,
    given: Source,
    bundle: &Bundle,
) -> Result<Prepared, install::Error> {
    let cluster = session.cluster();
    if !given.inputs.is_empty() || !given.unreadable.is_empty() {
        return checked(member_source(given, bundle), cluster).await;
    }
    if let Some(live) = cluster.get(&config::object_id()).await? {
        return checked(member_source(Source::of_cluster(&live), bundle), cluster).await;
    }
    let top = member_source(given, bundle);
    let revisions = history::list(cluster).await?;
    match history::find(&revisions, None) {
        Ok(last) => Ok(rollback::prepare(session, Some(last.number), top).await?.1),
        Err(_) => checked(top, cluster).await,
    }
}

/// A configuration with what a bundle says on top.
#[must_use]
pub fn member_source(mut source: Source, bundle: &Bundle) -> Source {
    source.inputs.push(membership(bundle));
    source
}

async fn checked(source: Source, cluster: &Cluster) -> Result<Prepared, install::Error> {
    let mut prepared = source.load().check_on(cluster).await?;
    prepared.read_secret(cluster).await?;
    Ok(prepared)
}

/// What a bundle says about a configuration.
fn membership(bundle: &Bundle) -> Input {
    let spec = json!({
        "multicluster": {"clusterRole": "member"},
        "authentication": {"jwtSecret": bundle.jwt_secret},
    });
    Input {
        name: "the bundle".to_owned(),
        bytes: effective::document(&spec).to_string().into_bytes(),
    }
}

/// Writes the membership into the ClusterConfiguration of the member, if it has one, so that a controller and the next
/// apply follow. The jwtSecret is only written where another one, or a reference to one, stands: ksi has stored it.
///
/// # Errors
/// The member refuses.
pub async fn record(member: &Cluster, bundle: &Bundle) -> Result<(), cluster::Error> {
    let id = config::object_id();
    let Some(live) = member.get(&id).await? else { return Ok(()) };
    let mut spec = json!({"multicluster": {"clusterRole": "member"}});
    if names_a_secret(&live) {
        spec["authentication"] = json!({"jwtSecret": bundle.jwt_secret});
    }
    member.merge(&id, &json!({"spec": spec}), None).await.map(|_| ())
}

fn names_a_secret(live: &Value) -> bool {
    let authentication = &live["spec"]["authentication"];
    let has_text = authentication["jwtSecret"].as_str().is_some_and(|text| !text.is_empty());
    has_text || authentication["jwtSecretRef"].is_object()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_only_written_where_another_one_stands() {
        let live = |authentication: Value| json!({"spec": {"authentication": authentication}});
        assert!(!names_a_secret(&live(json!({"jwtSecret": ""}))));
        assert!(!names_a_secret(&live(json!({}))));
        assert!(names_a_secret(&live(json!({"jwtSecret": "a"}))));
        assert!(names_a_secret(&live(json!({"jwtSecretRef": {"name": "a", "key": "b"}}))));
    }
}
