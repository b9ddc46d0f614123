//! A configuration for a cluster that is there.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::input::{Checked, InputArgs};
use super::observed_facts::observed_facts;
use crate::cluster::{Cluster, Kind};
use crate::config::Loaded;
use crate::target::ClusterTarget;
use crate::ui::Output;

/// A configuration, judged by what the cluster is, and the cluster as a target. A configuration that is
/// wrong anyway is refused before any request.
///
/// # Errors
/// The configuration is refused, the cluster cannot be reached, or a Secret that the configuration
/// names is not there.
pub(super) async fn open(
    input: &InputArgs,
    connection: &ConnectionArgs,
    output: &Output,
) -> Result<(ClusterTarget, Checked), Failure> {
    let loaded = input.load();
    if input.is_refused(&loaded) {
        input.judge(loaded, None, output)?;
        return Err(Failure::Invalid);
    }
    let cluster = Arc::new(connection.connect().await?);
    judged(cluster, input, loaded, output).await
}

/// The same for a configuration that was loaded already, on a cluster that is connected.
///
/// # Errors
/// The configuration is refused, the cluster cannot be reached, or a Secret that the configuration
/// names is not there.
pub(super) async fn judged(
    cluster: Arc<Cluster>,
    input: &InputArgs,
    loaded: Loaded,
    output: &Output,
) -> Result<(ClusterTarget, Checked), Failure> {
    let facts = observed_facts(&cluster).await?;
    let mut checked = input.judge(loaded, Some(facts), output)?;
    resolve_references(&mut checked, &cluster).await?;
    Ok((ClusterTarget::new(cluster, holder()), checked))
}

/// Reads the Secret that `authentication.jwtSecretRef` names.
async fn resolve_references(checked: &mut Checked, cluster: &Cluster) -> Result<(), Failure> {
    let authentication = &mut checked.configuration.authentication;
    let Some(reference) = &authentication.jwt_secret_ref else {
        return Ok(());
    };
    if authentication.jwt_secret.is_some() {
        return Ok(());
    }
    let id = Kind::new("", "v1", "Secret").named(Some("kubesphere-system"), &reference.name);
    let secret = cluster.get(&id).await?;
    let text = secret
        .as_ref()
        .and_then(|secret| secret["data"][&reference.key].as_str())
        .and_then(|encoded| String::from_utf8(STANDARD.decode(encoded).ok()?).ok())
        .filter(|text| !text.is_empty());
    let Some(text) = text else {
        let missing = if secret.is_some() {
            format!("{id} has no key `{}` with text in it", reference.key)
        } else {
            format!("there is no {id}")
        };
        return Err(Failure::Usage(format!(
            "`authentication.jwtSecretRef`: {missing}\n\
             help: create it: `kubectl -n kubesphere-system create secret generic {} --from-literal={}=…`",
            reference.name, reference.key
        )));
    };
    authentication.jwt_secret = Some(text.into());
    Ok(())
}

/// Who we are in the lock of a cluster: told to others who find it taken.
pub(super) fn holder() -> String {
    let name = |variable: &str| std::env::var(variable).ok().filter(|text| !text.is_empty());
    let user = name("USER").or_else(|| name("LOGNAME")).unwrap_or_else(|| "ksi".to_owned());
    let host = name("HOSTNAME")
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok())
        .map_or_else(|| "localhost".to_owned(), |text| text.trim().to_owned());
    // Two processes of one name in two pods of one name are still two.
    format!("{user}@{host}/{}-{:08x}", std::process::id(), fastrand::u32(..))
}
