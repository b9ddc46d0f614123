//! Registers a member on its host, and makes the bundle for it.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::dial::dial;
use super::edit::Edited;
use super::error::Error;
use super::host::{Host, cluster_kind};
use super::pause::paused;
use super::{Observer, Step};
use crate::cluster::{Apply, ErrorKind, Selection};
use crate::health::Reach;
use crate::member::{
    Bundle, Connection, HostIdentity, Link, Mode, Place, Registered, cluster_object, free_port,
    member_service, valid_name,
};
use crate::target::SystemEntropy;
use crate::values::Entropy as _;

/// A member that was registered.
#[derive(Debug)]
pub struct Added {
    /// What the member needs.
    pub bundle: Bundle,
    /// The objects on the host, as they would be applied.
    pub objects: Vec<Value>,
}

/// Registers a member behind Tower, or only makes the bundle of one that the host is to reach directly: its Cluster
/// needs a kubeconfig, which the member gives when it joins. Repeating it makes the bundle again.
///
/// # Errors
/// The name is taken, agents have no address to connect to, or the host refuses.
pub async fn add(
    host: &Host,
    name: &str,
    (mode, address): (Mode, Option<String>),
    lifetime: Duration,
    (dry_run, observer): (bool, Observer<'_>),
) -> Result<Added, Error> {
    valid_name(name).map_err(Error::Name)?;
    let existing = host.clusters.iter().find(|cluster| cluster.name == name);
    if let Some(existing) = existing {
        fits(existing, mode)?;
    }
    let mut objects = Vec::new();
    let link = match mode {
        Mode::Direct => None,
        Mode::Agent => {
            let address = tower_address(host, address)?;
            // Only a hint for the member: this machine need not reach the address.
            let pin = dial(&address).await.unwrap_or_default();
            let (secret, applied) = tunnel(host, name, existing, dry_run, observer).await?;
            objects = applied;
            Some(Link { address, token: secret, pin })
        }
    };
    let expires = (OffsetDateTime::now_utc() + lifetime).replace_nanosecond(0);
    let expires = expires.unwrap_or(OffsetDateTime::UNIX_EPOCH).format(&Rfc3339);
    let bundle = Bundle {
        name: name.to_owned(),
        mode,
        expires: expires.unwrap_or_default(),
        host: HostIdentity { name: host.name().to_owned(), uid: host.uid.clone() },
        member_uid: existing.and_then(|existing| existing.uid.clone()),
        jwt_secret: host.jwt_secret.clone(),
        link,
    };
    Ok(Added { bundle, objects })
}

/// Whether a Cluster that exists already is the one that is to be added.
pub(super) fn fits(existing: &Registered, mode: Mode) -> Result<(), Error> {
    let name = existing.name.clone();
    if existing.is_host {
        return Err(Error::IsHost(name));
    }
    if existing.is_terminating {
        let why = "it is being removed; wait until it is gone".to_owned();
        return Err(Error::Exists { name, why });
    }
    if !existing.is_enabled {
        let why = format!("it is suspended; `ksi member resume {name}` first");
        return Err(Error::Exists { name, why });
    }
    if existing.mode != mode {
        let why = format!("its mode is {}; remove it first", existing.mode.as_str());
        return Err(Error::Exists { name, why });
    }
    Ok(())
}

fn tower_address(host: &Host, given: Option<String>) -> Result<String, Error> {
    if let Some(given) = given {
        return Ok(given);
    }
    match (&host.tower.url, host.tower.reach) {
        (Some(url), Reach::Reachable | Reach::Unencrypted) => Ok(url.clone()),
        _ => Err(Error::NoAddress {
            message: host.tower.message.clone(),
            next_step: host.tower.next_step.clone().unwrap_or_default(),
        }),
    }
}

/// Service and Cluster of a member behind Tower. Returns the token for its agent.
async fn tunnel(
    host: &Host,
    name: &str,
    existing: Option<&Registered>,
    dry_run: bool,
    observer: Observer<'_>,
) -> Result<(String, Vec<Value>), Error> {
    let mut used = ports_of_others(&host.clusters, name);
    let secret = match existing.and_then(|existing| existing.token.clone()) {
        Some(token) => token,
        None => new_token()?,
    };
    let kept = existing.and_then(|existing| existing.port.filter(|port| !used.contains(port)));
    let mut port = kept.or_else(|| free_port(&used, 0)).ok_or(Error::NoPort)?;
    if dry_run {
        // The address that a dry run shows is not the one that a Service gets: Tower completes this Cluster.
        let connection = Connection::Agent { token: secret.clone(), at: None };
        return Ok((secret, vec![cluster_object(name, &connection, "")]));
    }
    loop {
        let established = establish(host, name, existing, &secret, port);
        let cluster = match existing {
            // The webhook dials a member that was there before, and its tunnel may be what is mended.
            Some(_) => paused(host, established).await?,
            None => established.await?,
        };
        // Another run may have taken the same port at the same time. Whoever looks later moves, perhaps both.
        let now = host.cluster.list(&cluster_kind(), &Selection::default()).await?;
        let now: Vec<Registered> = now.iter().map(Registered::of).collect();
        used = ports_of_others(&now, name);
        if !used.contains(&port) {
            for what in [format!("Cluster {name}"), format!("Service mc-{name}")] {
                observer(Step { verb: "applied", what, place: host.place() });
            }
            // Or it has added the same member: then its token is the one.
            let own = now.into_iter().find(|cluster| cluster.name == name);
            let token = own.and_then(|own| own.token).unwrap_or(secret);
            return Ok((token, vec![cluster]));
        }
        port = free_port(&used, fastrand::u16(..)).ok_or(Error::NoPort)?;
    }
}

/// Gives a member behind Tower its Service, and its Cluster the token, port and addresses. Returns the Cluster.
pub(super) async fn establish(
    host: &Host,
    name: &str,
    existing: Option<&Registered>,
    token: &str,
    port: u16,
) -> Result<Value, Error> {
    let connection = |service_ip| Connection::Agent {
        token: token.to_owned(),
        at: Some(Place { port, service_ip }),
    };
    // First the Cluster: Tower v0.2.2 deletes a Service of a member that it does not know, or that is suspended.
    register(host, name, &connection(None), false).await?;
    let service_ip = serve(host, name, existing, port).await?;
    register(host, name, &connection(Some(service_ip)), false).await
}

/// Applies Service `mc-NAME`, with the address that it had before if that is still free. Returns its address.
async fn serve(
    host: &Host,
    name: &str,
    existing: Option<&Registered>,
    port: u16,
) -> Result<String, Error> {
    let service = member_service(name, port);
    let apply = Apply { force: true, ..Apply::default() };
    let live = match kept_address(host, name, existing, &service) {
        Some(same) => match host.cluster.apply(&same, apply).await {
            // Another Service has the address by now.
            Err(error) if error.kind == ErrorKind::Invalid => {
                host.cluster.apply(&service, apply).await?
            }
            live => live?,
        },
        None => host.cluster.apply(&service, apply).await?,
    };
    Ok(live["spec"]["clusterIP"].as_str().unwrap_or_default().to_owned())
}

/// The Service with the address of one that was deleted: the kubeconfig of the member and the certificate with which Tower
/// serves it are for that address.
fn kept_address(
    host: &Host,
    name: &str,
    existing: Option<&Registered>,
    service: &Value,
) -> Option<Value> {
    if host.services.contains_key(&format!("mc-{name}")) {
        return None;
    }
    let endpoint = existing?.endpoint.as_deref()?;
    let address = endpoint.strip_prefix("https://")?.strip_suffix(":6443")?;
    let mut same = service.clone();
    same["spec"]["clusterIP"] = address.trim_matches(['[', ']']).into();
    Some(same)
}

fn ports_of_others(clusters: &[Registered], name: &str) -> Vec<u16> {
    let others = clusters.iter().filter(|cluster| cluster.name != name);
    others.filter_map(|cluster| cluster.port).collect()
}

/// 256 bits. Tower compares it as text.
pub(super) fn new_token() -> Result<String, Error> {
    let mut bytes = [0; 32];
    SystemEntropy.fill(&mut bytes).map_err(|error| Error::Randomness(error.to_string()))?;
    Ok(hex::encode(bytes))
}

/// Creates the Cluster of a member, or gives an existing one this connection. Returns the object.
///
/// # Errors
/// The host refuses.
pub async fn register(
    host: &Host,
    name: &str,
    connection: &Connection,
    dry_run: bool,
) -> Result<Value, Error> {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let object = cluster_object(name, connection, &now.format(&Rfc3339).unwrap_or_default());
    let id = cluster_kind().named(None, name);
    if dry_run && host.cluster.get(&id).await?.is_some() {
        return Ok(object);
    }
    loop {
        let edited = if dry_run {
            Edited::Absent
        } else {
            host.edit(name, |live| merge(live, &object)).await?
        };
        if edited != Edited::Absent {
            return Ok(object);
        }
        match host.cluster.create(&object, dry_run).await {
            // Another run was faster.
            Err(error) if error.kind == ErrorKind::Exists => {}
            other => return Ok(other.map(|_| object)?),
        }
    }
}

/// Gives a live Cluster the connection of another one, and what only that one has.
fn merge(live: &mut Value, wanted: &Value) {
    for key in ["joinFederation", "enable"] {
        live["spec"][key] = wanted["spec"][key].clone();
    }
    live["metadata"]["labels"][crate::member::MEMBER] =
        wanted["metadata"]["labels"][crate::member::MEMBER].clone();
    if let Some(fields) = wanted["spec"]["connection"].as_object() {
        for (key, value) in fields {
            // A token is in a bundle by now. Only a rejoin makes another one.
            let is_kept = key == "token"
                && live["spec"]["connection"][key].as_str().is_some_and(|token| !token.is_empty());
            if !is_kept {
                live["spec"]["connection"][key] = value.clone();
            }
        }
    }
    let Some(initialized) = wanted["status"]["conditions"].get(0) else { return };
    let conditions = live["status"]["conditions"].as_array().cloned().unwrap_or_default();
    if !conditions.iter().any(|one| one["type"] == "Initialized" && one["status"] == "True") {
        let others = conditions.into_iter().filter(|one| one["type"] != "Initialized");
        let all: Vec<Value> = others.chain([initialized.clone()]).collect();
        if live["status"].is_null() {
            live["status"] = json!({});
        }
        live["status"]["conditions"] = all.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_cluster_keeps_what_others_wrote() {
        let connection = |port| Connection::Agent {
            token: "t".into(),
            at: Some(Place { port, service_ip: Some("10.96.0.9".into()) }),
        };
        let mut live = cluster_object("m1", &connection(6000), "2026-01-01T00:00:00Z");
        live["metadata"]["labels"]["mine"] = json!("yes");
        live["spec"]["connection"]["kubeconfig"] = json!("a3ViZQ==");
        live["status"]["uid"] = json!("u");
        let before = live.clone();
        merge(&mut live, &cluster_object("m1", &connection(6000), "2026-02-02T00:00:00Z"));
        assert_eq!(live, before);
        merge(&mut live, &cluster_object("m1", &connection(6001), "2026-02-02T00:00:00Z"));
        assert_eq!(live["spec"]["connection"]["kubernetesAPIServerPort"], 6001);
        assert_eq!(live["spec"]["connection"]["kubeconfig"], "a3ViZQ==");
        assert_eq!(live["status"]["uid"], "u");
        let other = Connection::Agent { token: "other".into(), at: None };
        merge(&mut live, &cluster_object("m1", &other, ""));
        assert_eq!(live["spec"]["connection"]["token"], "t");
    }
}
