//! The account by which a host acts in a member that it reaches directly.

use std::time::Duration;

use time::OffsetDateTime;

use super::Observer;
use super::error::Error;
use super::join::apply_all;
use super::wait::{Look, until};
use crate::cluster::{Cluster, Endpoint, ErrorKind, Kind};
use crate::member::{Account, Credential, HOST_ACCOUNT, expiry, kubeconfig, token};
use crate::object::kubesphere;

/// How long the token of the host in a member that it reaches directly is valid.
const LIFETIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// A token that the API server makes shorter than this would end the connection unexpectedly.
const SHORTEST: time::Duration = time::Duration::days(90);
/// How long a token controller may take to fill a Secret.
const TOKEN_LIMIT: Duration = Duration::from_secs(30);

/// Makes the account by which the host acts in the member, and the kubeconfig for it. The token of `previous`, an earlier
/// kubeconfig, is kept if it is valid for long enough.
///
/// # Errors
/// The member refuses; or the host could not use its address.
pub async fn install_account(
    member: &Cluster,
    account: &Account<'_>,
    (server, previous): (Option<&str>, Option<&str>),
    observer: Observer<'_>,
) -> Result<String, Error> {
    let endpoint = member.endpoint().await?;
    let server = usable(&endpoint, server)?;
    apply_all(member, &account.manifests(), false, observer).await?;
    let with = |token: &str| kubeconfig(account.name, server, endpoint.authority.as_deref(), token);
    let uid = account_uid(member).await?;
    let lasting = previous.filter(|text| lasts(text, OffsetDateTime::now_utc()));
    if let Some(token) = lasting.and_then(token)
        && is_of_account(member, &token, &uid).await?
    {
        return Ok(with(&token));
    }
    let bound = member.account_token(kubesphere::SYSTEM, HOST_ACCOUNT, LIFETIME).await?;
    let token = if bound.expires - OffsetDateTime::now_utc() >= SHORTEST {
        bound.token
    } else {
        apply_all(member, &[account.token_secret()], false, observer).await?;
        secret_token(member, &uid).await?
    };
    Ok(with(&token))
}

/// The address for the host.
fn usable<'a>(endpoint: &'a Endpoint, given: Option<&'a str>) -> Result<&'a str, Error> {
    let refused = |why: String| Err(Error::Endpoint(why));
    if endpoint.is_insecure {
        return refused(
            "your kubeconfig does not verify the certificate of the API server (insecure-skip-tls-verify), so there is no \
             authority by which the host could; put certificate-authority-data into it"
                .to_owned(),
        );
    }
    let server = given.unwrap_or(&endpoint.server);
    if is_local(server) {
        return refused(format!(
            "{server} is only reached from this machine; give the address that the host reaches with --member-server"
        ));
    }
    match (given, &endpoint.tls_server_name, endpoint.has_proxy) {
        (None, Some(name), _) => refused(format!(
            "your kubeconfig expects the name {name} in the certificate (tls-server-name), which KubeFed cannot be told; \
             give an address that is in the certificate with --member-server"
        )),
        (None, None, true) => refused(
            "this machine reaches it through a proxy, which KubeFed does not use; give the address that the host reaches \
             without it with --member-server, or use mode agent"
                .to_owned(),
        ),
        _ => Ok(server),
    }
}

/// Whether the credential of a kubeconfig is still valid for as long as a new one has to be.
fn lasts(kubeconfig: &str, now: OffsetDateTime) -> bool {
    match expiry(kubeconfig) {
        Credential::Until(end) => end - now >= SHORTEST,
        Credential::Unlimited => true,
        Credential::Missing => false,
    }
}

/// Whether the member accepts a token as one of the account with this UID, not of an earlier one of the same name. Who may
/// not ask gets another token.
async fn is_of_account(member: &Cluster, token: &str, uid: &str) -> Result<bool, Error> {
    let name = format!("system:serviceaccount:{}:{HOST_ACCOUNT}", kubesphere::SYSTEM);
    match member.token_user(token).await {
        Err(error) if error.kind == ErrorKind::Forbidden => Ok(false),
        user => Ok(user?.is_some_and(|user| user.name == name && user.uid == uid)),
    }
}

/// The UID of the account; empty without one.
async fn account_uid(member: &Cluster) -> Result<String, Error> {
    let id = Kind::new("", "v1", "ServiceAccount").named(Some(kubesphere::SYSTEM), HOST_ACCOUNT);
    let account = member.get(&id).await?;
    let uid = account.as_ref().and_then(|account| account["metadata"]["uid"].as_str());
    Ok(uid.unwrap_or_default().to_owned())
}

/// The token in the Secret of the account, once the token controller has filled it for the account with this UID.
async fn secret_token(member: &Cluster, uid: &str) -> Result<String, Error> {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let id = Kind::new("", "v1", "Secret").named(Some(kubesphere::SYSTEM), HOST_ACCOUNT);
    until("the token of the account", TOKEN_LIMIT, async || {
        let secret = member.get(&id).await?;
        let filled = secret.as_ref().filter(|secret| {
            secret["metadata"]["annotations"]["kubernetes.io/service-account.uid"] == uid
        });
        let token = filled.and_then(|secret| secret["data"]["token"].as_str());
        let token =
            token.and_then(|text| String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok());
        Ok(token.map_or(Look::NotYet("its Secret is empty".to_owned()), Look::Done))
    })
    .await
}

/// Whether an address only leads anywhere on the machine on which it is used.
fn is_local(server: &str) -> bool {
    let host = server.split("://").last().unwrap_or_default();
    ["localhost", "127.", "[::1]", "0.0.0.0"].iter().any(|local| host.starts_with(local))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn addresses_of_this_machine_are_of_no_use_to_a_host() {
        for server in ["https://127.0.0.1:6443", "https://localhost", "https://[::1]:6443"] {
            assert!(is_local(server), "{server}");
        }
        assert!(!is_local("https://192.0.2.1:6443") && !is_local("https://api.example.com"));
    }

    #[test]
    fn an_address_that_kubefed_cannot_use_is_refused_with_the_reason() {
        let endpoint = Endpoint {
            server: "https://m:6443".into(),
            authority: None,
            is_insecure: false,
            tls_server_name: None,
            has_proxy: false,
        };
        assert_eq!(usable(&endpoint, None).unwrap(), "https://m:6443");
        let reason = |endpoint: Endpoint| usable(&endpoint, None).unwrap_err().to_string();
        assert!(reason(Endpoint { is_insecure: true, ..endpoint.clone() }).contains("insecure"));
        let named = Endpoint { tls_server_name: Some("kubernetes".into()), ..endpoint.clone() };
        assert!(reason(named.clone()).contains("kubernetes"));
        assert_eq!(usable(&named, Some("https://n:6443")).unwrap(), "https://n:6443");
        let behind = Endpoint { has_proxy: true, ..endpoint };
        assert!(reason(behind).contains("proxy"));
    }

    #[test]
    fn only_a_token_that_lasts_is_kept() {
        let now = datetime!(2026-01-01 0:00 UTC);
        let with = |days: i64| {
            use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
            let end = (now + time::Duration::days(days)).unix_timestamp();
            let claims = BASE64_URL_SAFE_NO_PAD.encode(format!("{{\"exp\":{end}}}"));
            kubeconfig("m", "https://m:6443", None, &format!("e30.{claims}.c2ln"))
        };
        assert!(lasts(&with(91), now) && !lasts(&with(89), now) && !lasts("", now));
    }
}
