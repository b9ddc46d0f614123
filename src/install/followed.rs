//! Whether a controller would undo what a run writes.

use serde_json::Value;
use time::OffsetDateTime;

use super::error::Error;
use super::prepared::Prepared;
use super::safeguards;
use super::session::Session;
use super::source::Source;
use crate::cluster::Cluster;
use crate::config;
use crate::config::annotation::{Mode, Steering};
use crate::object::ObjectId;
use crate::target::Target;

/// A controller that follows another configuration than one that is to be applied, and would put that one back.
#[derive(Debug)]
pub struct Contrary {
    /// The controller.
    pub controller: ObjectId,
    /// The specification that it follows.
    pub spec: Value,
    /// How it makes changes.
    pub mode: Mode,
}

/// The controller that would put another configuration back. It does not while it is paused.
///
/// # Errors
/// The cluster cannot be read.
pub async fn contrary<T: Target>(
    session: &Session<T>,
    prepared: &Prepared,
) -> Result<Option<Contrary>, Error> {
    let Some(target) = session.cluster_target() else { return Ok(None) };
    let Some(controller) = safeguards::controller(target).await? else { return Ok(None) };
    let Some(mut live) = target.cluster().get(&config::object_id()).await? else { return Ok(None) };
    let mode = Steering::of(&live).mode_at(OffsetDateTime::now_utc());
    if mode == Mode::Paused || !is_another(target.cluster(), &live, prepared).await? {
        return Ok(None);
    }
    Ok(Some(Contrary { controller, spec: live["spec"].take(), mode }))
}

/// Whether a ClusterConfiguration has another content.
async fn is_another(cluster: &Cluster, live: &Value, prepared: &Prepared) -> Result<bool, Error> {
    let mut followed = match Source::of_cluster(live).load().check_on(cluster).await {
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
    use serde_json::json;

    use super::*;
    use crate::cluster::tests::server::{Server, block_on};

    fn cc(redis: bool) -> Value {
        json!({
            "apiVersion": config::API_VERSION, "kind": config::KIND,
            "metadata": {"name": config::NAME, "namespace": config::NAMESPACE},
            "spec": {"common": {"redis": {"enabled": redis}}},
        })
    }

    #[test]
    fn only_another_content_is_contrary() {
        let server = Server::start();
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
        block_on(async {
            let cluster = server.connect().await;
            let wanted = Source::of_cluster(&cc(true)).load().check().unwrap();
            for (redis, expected) in [(true, false), (false, true)] {
                let is_another = is_another(&cluster, &cc(redis), &wanted).await.unwrap();
                assert_eq!(is_another, expected, "{redis}");
            }
        });
    }
}
