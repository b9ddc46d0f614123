//! Makes a host forget the cluster behind a member's name, so that another one can take the name.

use serde_json::{Value, json};

use super::add::new_token;
use super::clean::revoke;
use super::error::Error;
use super::evidence::MemberFacts;
use super::host::Host;
use super::observe::about;
use super::pause::paused;
use super::reach::reach;
use super::remove::delete_federation;
use super::{Observer, Step};
use crate::cluster::Cluster;
use crate::member::Registered;

/// Makes a host forget which cluster a member was, and every credential for it: its UID, kubeconfig and token, and what
/// KubeFed has. Ports, Service and placements stay. Where the same cluster still answers, the accounts on it go as well.
/// Afterwards it joins as a new one does. Returns whether the accounts on the member are gone.
///
/// # Errors
/// There is no such member, or one of the two clusters refuses.
pub async fn forget(
    host: &Host,
    member_name: &str,
    member: Option<&Cluster>,
    observer: Observer<'_>,
) -> Result<bool, Error> {
    let registered = host.member(member_name)?;
    // Afterwards the host has nothing with which it could reach it.
    let member = match member {
        Some(member) => Ok(member.clone()),
        None => reach(host, registered).await,
    };
    let is_same = match &member {
        Ok(member) => match about(member, None).await {
            Ok(facts) => is_same(host, registered, &facts),
            Err(_) => false,
        },
        Err(_) => false,
    };
    // Tower lets in an agent without a token if the Cluster has none.
    let token = new_token()?;
    // The webhook would refuse each change: another cluster answers, or none.
    let reset = host.change(member_name, |live| strip(live, &token));
    paused(host, reset).await?;
    let what = format!("the credentials in Cluster {member_name}");
    observer(Step { verb: "reset", what, place: host.place() });
    delete_federation(host, member_name, observer).await?;
    match member {
        Ok(member) if is_same => {
            revoke(&member, (member_name, &host.uid), registered.mode, observer).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Whether a cluster that answers is the member that the host had under this name. After a rejoin that was interrupted the
/// Cluster has no UID any more: then the accounts in the member tell.
fn is_same(host: &Host, registered: &Registered, facts: &MemberFacts) -> bool {
    if let Some(uid) = &registered.uid {
        return *uid == facts.uid;
    }
    let is_other = host.clusters.iter().any(|one| one.uid.as_ref() == Some(&facts.uid));
    !is_other && is_only_of(&host.uid, &registered.name, facts)
}

/// Whether this host, and nobody else, has accounts in a member, and KubeFed only under this name.
fn is_only_of(host_uid: &str, name: &str, facts: &MemberFacts) -> bool {
    facts.accounts.as_ref().is_ok_and(|accounts| {
        accounts.hosts.len() == 1
            && accounts.hosts.contains(host_uid)
            && accounts.federated_as.iter().all(|one| one == name)
    })
}

fn strip(live: &mut Value, token: &str) {
    live["spec"]["joinFederation"] = json!(true);
    if let Some(connection) = live["spec"]["connection"].as_object_mut() {
        connection.shift_remove("kubeconfig");
        if connection.get("type").is_some_and(|kind| kind == "direct") {
            connection.shift_remove("kubernetesAPIEndpoint");
        } else {
            connection.insert("token".to_owned(), token.into());
        }
    }
    if let Some(status) = live["status"].as_object_mut() {
        status.shift_remove("uid");
    }
    let conditions = live["status"]["conditions"].as_array_mut();
    if let Some(all) = conditions {
        all.retain(|one| one["type"] == "Initialized");
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::Accounts;
    use super::*;
    use crate::check::ReadError;

    #[test]
    fn without_a_uid_the_accounts_tell_whose_member_it_is() {
        let facts = |hosts: &[&str], names: &[&str]| MemberFacts {
            accounts: Ok(Accounts {
                hosts: hosts.iter().map(ToString::to_string).collect(),
                federated_as: names.iter().map(ToString::to_string).collect(),
            }),
            ..MemberFacts::of("u".to_owned())
        };
        assert!(is_only_of("h", "m1", &facts(&["h"], &["m1"])));
        assert!(is_only_of("h", "m1", &facts(&["h"], &[])));
        for other in [
            facts(&[], &["m1"]),
            facts(&["x"], &["m1"]),
            facts(&["h", "x"], &["m1"]),
            facts(&["h"], &["m1", "m2"]),
        ] {
            assert!(!is_only_of("h", "m1", &other), "{other:?}");
        }
        let unread = Err(ReadError("forbidden".to_owned()));
        let unknown = MemberFacts { accounts: unread, ..facts(&["h"], &["m1"]) };
        assert!(!is_only_of("h", "m1", &unknown));
    }

    #[test]
    fn ports_stay_and_credentials_go() {
        let mut live = json!({
            "spec": {"connection": {"type": "proxy", "token": "t", "kubeconfig": "k",
                "kubernetesAPIServerPort": 6000, "kubernetesAPIEndpoint": "https://10.96.0.9:6443"}},
            "status": {"uid": "u", "conditions": [{"type": "Initialized"}, {"type": "Ready"}]},
        });
        strip(&mut live, "new");
        let expected = json!({
            "spec": {"connection": {"type": "proxy", "token": "new", "kubernetesAPIServerPort": 6000,
                "kubernetesAPIEndpoint": "https://10.96.0.9:6443"}, "joinFederation": true},
            "status": {"conditions": [{"type": "Initialized"}]},
        });
        assert_eq!(live, expected);
    }
}
