//! When the generated certificates expire, for the metrics.

use futures_util::StreamExt as _;

use super::Note;
use crate::cluster::{Change, Cluster, Kind, Selection};
use crate::object::kubesphere;
use crate::target::{VALUES_SECRET, read_values};
use crate::telemetry::Telemetry;

/// Follows the stored values for ever.
pub(super) async fn follow(cluster: &Cluster, telemetry: &Telemetry, note: &dyn Fn(Note)) {
    let stored = Selection::named(Some(kubesphere::SYSTEM), VALUES_SECRET).metadata();
    let mut changes = match cluster.watch(&Kind::new("", "v1", "Secret"), &stored).await {
        Ok(changes) => changes,
        Err(error) => return note(Note::CertificatesUnread(error.to_string())),
    };
    while let Some(change) = changes.next().await {
        if !matches!(change, Change::Applied(_)) {
            continue;
        }
        match read_values(cluster, VALUES_SECRET).await {
            Ok((values, _)) => {
                for (name, expires) in values.expiries() {
                    telemetry.certificate(&name, expires);
                }
            }
            Err(error) => note(Note::CertificatesUnread(error.to_string())),
        }
    }
}
