//! Whether a controller would undo what a run writes.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::Error;
use super::prepared::Prepared;
use super::safeguards;
use super::session::Session;
use super::source::Source;
use crate::cluster::Cluster;
use crate::config::{self, annotation};
use crate::object::ObjectId;
use crate::target::Target;

/// The controller that follows another configuration than this one, and would put that one back. It does not while it is
/// paused.
///
/// # Errors
/// The cluster cannot be read.
pub async fn contrary_controller<T: Target>(
    session: &Session<T>,
    prepared: &Prepared,
) -> Result<Option<ObjectId>, Error> {
    let Some(target) = session.cluster_target() else { return Ok(None) };
    let Some(controller) = safeguards::controller(target).await? else { return Ok(None) };
    Ok(is_another(target.cluster(), prepared).await?.then_some(controller))
}

/// Whether the ClusterConfiguration is in force and has another content.
async fn is_another(cluster: &Cluster, prepared: &Prepared) -> Result<bool, Error> {
    let Some(live) = cluster.get(&config::object_id()).await? else { return Ok(false) };
    let annotations = &live["metadata"]["annotations"];
    let ended = annotations[annotation::PAUSED_UNTIL].as_str().is_some_and(|until| {
        OffsetDateTime::parse(until, &Rfc3339).is_ok_and(|until| until <= OffsetDateTime::now_utc())
    });
    if annotations[annotation::MODE] == annotation::PAUSED && !ended {
        return Ok(false);
    }
    let mut followed = match Source::of_cluster(&live).load().check_on(cluster).await {
        Ok(followed) => followed,
        // It changes nothing until it is corrected, and then it does.
        Err(Error::Rejected(_)) => return Ok(true),
        Err(error) => return Err(error),
    };
    match followed.read_secret(cluster).await {
        Ok(()) => Ok(followed.configuration.hash() != prepared.configuration.hash()),
        Err(Error::Cluster(error)) => Err(error.into()),
        Err(_) => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::Apply;
    use crate::cluster::tests::server::{Server, block_on};

    fn cc(redis: bool, annotations: &Value) -> Value {
        json!({
            "apiVersion": config::API_VERSION, "kind": config::KIND,
            "metadata": {
                "name": config::NAME, "namespace": config::NAMESPACE, "annotations": annotations,
            },
            "spec": {"common": {"redis": {"enabled": redis}}},
        })
    }

    #[test]
    fn only_the_configuration_that_a_controller_follows_may_be_applied_beside_it() {
        let server = Server::start();
        let (group, version) = config::API_VERSION.split_once('/').unwrap();
        server.serve(group, version, &[(config::KIND, "clusterconfigurations", true)]);
        server.serve("apps", "v1", &[("Deployment", "deployments", true)]);
        server.serve(
            "",
            "v1",
            &[
                ("Node", "nodes", false),
                ("Secret", "secrets", true),
                ("ConfigMap", "configmaps", true),
            ],
        );
        let enforced = json!({});
        let paused = json!({annotation::MODE: "paused"});
        let over =
            json!({annotation::MODE: "paused", annotation::PAUSED_UNTIL: "2020-01-01T00:00:00Z"});
        block_on(async {
            let cluster = server.connect().await;
            let wanted = Source::of_cluster(&cc(true, &enforced)).load().check().unwrap();
            let is_another = async || is_another(&cluster, &wanted).await.unwrap();
            assert!(!is_another().await, "there is none");
            for (redis, annotations, expected) in [
                (true, &enforced, false),
                (false, &enforced, true),
                (false, &paused, false),
                (false, &over, true),
            ] {
                cluster.apply(&cc(redis, annotations), Apply::default()).await.unwrap();
                assert_eq!(is_another().await, expected, "{redis} {annotations}");
            }
        });
    }
}
