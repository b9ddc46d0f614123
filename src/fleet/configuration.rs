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
    // Its host uses it, whatever it looks like.
    source.jwt_secret_in_use = true;
    source
}

async fn checked(source: Source, cluster: &Cluster) -> Result<Prepared, install::Error> {
    let mut prepared = source.load().check_on(cluster).await?;
    prepared.read_secret(cluster).await?;
    Ok(prepared)
}

/// What a bundle says about a configuration.
fn membership(bundle: &Bundle) -> Input {
    Input {
        name: "the bundle".to_owned(),
        bytes: effective::document(&membership_of(bundle)).to_string().into_bytes(),
    }
}

fn membership_of(bundle: &Bundle) -> Value {
    json!({
        "multicluster": {"clusterRole": "member"},
        "authentication": {"jwtSecret": bundle.jwt_secret},
    })
}

/// What has to be changed in the ClusterConfiguration of a member, as a merge patch; `None` if it has none, or it says so
/// already. A controller follows it, and so does the next apply, so it is written before the member is changed.
///
/// # Errors
/// The member cannot be read.
pub async fn pending(member: &Cluster, bundle: &Bundle) -> Result<Option<Value>, cluster::Error> {
    let live = member.get(&config::object_id()).await?;
    Ok(live.and_then(|live| change(&live, bundle)))
}

/// Changes the ClusterConfiguration of a member.
///
/// # Errors
/// The member refuses.
pub async fn record(member: &Cluster, change: &Value) -> Result<(), cluster::Error> {
    member.merge(&config::object_id(), change, None).await.map(|_| ())
}

fn change(live: &Value, bundle: &Bundle) -> Option<Value> {
    let spec = &live["spec"];
    let is_member = spec["multicluster"]["clusterRole"] == "member"
        && spec["authentication"]["jwtSecret"] == bundle.jwt_secret.as_str();
    (!is_member).then(|| json!({"spec": membership_of(bundle)}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::{HostIdentity, Mode};

    fn bundle(jwt_secret: &str) -> Bundle {
        Bundle {
            name: "m1".into(),
            mode: Mode::Agent,
            expires: String::new(),
            host: HostIdentity { name: "host".into(), uid: "u".into() },
            member_uid: None,
            jwt_secret: jwt_secret.into(),
            link: None,
        }
    }

    /// A host that was installed by the book has the secret that the guides print. Its members need the same.
    #[test]
    fn a_member_takes_whatever_its_host_uses() {
        let published = "gfIwilcc0WjNGKJ5DLeksf2JKfcLgTZU";
        let prepared = member_source(Source::default(), &bundle(published)).load().check().unwrap();
        let secret = prepared.configuration.authentication.jwt_secret.as_deref();
        assert_eq!(secret, Some(published));
        assert!(!prepared.warnings.is_empty());
    }

    #[test]
    fn a_configuration_that_says_so_is_not_written() {
        let bundle = bundle("s");
        let none = json!({"spec": {"authentication": {"jwtSecret": ""}}});
        let wanted = change(&none, &bundle).unwrap();
        assert_eq!(wanted["spec"]["multicluster"]["clusterRole"], "member");
        assert_eq!(change(&wanted, &bundle), None);
    }
}
