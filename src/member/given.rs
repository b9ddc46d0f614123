//! The kubeconfig that somebody gives to a host: only what the host can use is stored.

use serde_json::{Value, json};

use super::kubeconfig::{Credential, expiry};
use crate::object::embedded;

/// Why a host cannot use a kubeconfig.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It is none.
    #[error("it is not a kubeconfig")]
    NotOne,
    /// It has several contexts, and none is current.
    #[error(
        "it has {0} contexts and none of them is the current one: `kubectl config use-context` chooses one"
    )]
    NoContext(usize),
    /// A context that names what is not there.
    #[error("its current context {0} names a cluster or a user that it does not have")]
    Incomplete(String),
    /// Something that only exists where the kubeconfig was written.
    #[error(
        "it names {0}, which the host does not have: `kubectl config view --raw --flatten --minify` puts files into it; \
         instead of a program, use the kubeconfig that `ksi member join` writes"
    )]
    Foreign(&'static str),
    /// Nobody would see who answers.
    #[error(
        "it does not verify the certificate of the API server (insecure-skip-tls-verify): whoever answers at that address \
         would get its credential"
    )]
    Insecure,
    /// Something that KubeFed cannot be told.
    #[error(
        "it needs {0}, which a KubeFedCluster of KubeSphere cannot have: use mode agent, or an address without it"
    )]
    NotForKubefed(&'static str),
    /// There is nothing by which the host is known.
    #[error("it has neither a token nor a client certificate with its key")]
    NoCredential,
    /// Its credential has ended.
    #[error("its credential expired on {0}")]
    Expired(time::Date),
}

/// Reduces a kubeconfig to its current context, with nothing in it that a host cannot use.
///
/// # Errors
/// The host could not use it: why. No message has a value of it.
pub fn flatten(text: &str, now: time::OffsetDateTime) -> Result<String, Unusable> {
    let document = embedded::parse(text).map_err(|_| Unusable::NotOne)?;
    let list = |key: &str| document[key].as_array().map_or(&[][..], Vec::as_slice);
    let named = |key: &str, name: &str| list(key).iter().find(|one| one["name"] == name);
    let context =
        match (document["current-context"].as_str().unwrap_or_default(), list("contexts")) {
            (_, []) => return Err(Unusable::NotOne),
            ("", [only]) => only,
            ("", several) => return Err(Unusable::NoContext(several.len())),
            (current, _) => named("contexts", current)
                .ok_or_else(|| Unusable::Incomplete(current.to_owned()))?,
        };
    let name = context["name"].as_str().unwrap_or_default();
    let part = |key: &str, list: &str| {
        let found = context["context"][key].as_str().and_then(|name| named(list, name));
        found.map(|found| &found[key]).ok_or_else(|| Unusable::Incomplete(name.to_owned()))
    };
    let (cluster, user) = (part("cluster", "clusters")?, part("user", "users")?);
    can_use(cluster, user)?;
    let keep = |from: &Value, keys: &[&str]| {
        let fields = keys.iter().filter(|key| !from[**key].is_null());
        fields.map(|key| ((*key).to_owned(), from[*key].clone())).collect::<serde_json::Map<_, _>>()
    };
    let kubeconfig = crate::yaml::emit(&json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": keep(cluster, &["server", "certificate-authority-data"])}],
        "users": [{"name": name, "user": keep(user, &["token", "client-certificate-data", "client-key-data"])}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }));
    match expiry(&kubeconfig) {
        Credential::Missing => Err(Unusable::NoCredential),
        Credential::Until(end) if end <= now => Err(Unusable::Expired(end.date())),
        Credential::Until(_) | Credential::Unlimited => Ok(kubeconfig),
    }
}

fn can_use(cluster: &Value, user: &Value) -> Result<(), Unusable> {
    let is_set = |from: &Value, key: &str| {
        !matches!(&from[key], Value::Null | Value::Bool(false)) && from[key] != ""
    };
    for (from, key, what) in [
        (user, "exec", "a credential plugin"),
        (user, "auth-provider", "an auth provider"),
        (user, "tokenFile", "a token file"),
        (user, "client-certificate", "the file of a client certificate"),
        (user, "client-key", "the file of a client key"),
        (cluster, "certificate-authority", "the file of a certificate authority"),
    ] {
        if is_set(from, key) {
            return Err(Unusable::Foreign(what));
        }
    }
    if is_set(cluster, "insecure-skip-tls-verify") {
        return Err(Unusable::Insecure);
    }
    for (from, key, what) in [
        (cluster, "proxy-url", "a proxy (proxy-url)"),
        (cluster, "tls-server-name", "another name in the certificate (tls-server-name)"),
        (user, "as", "impersonation (as)"),
    ] {
        if is_set(from, key) {
            return Err(Unusable::NotForKubefed(what));
        }
    }
    if is_set(user, "client-certificate-data") != is_set(user, "client-key-data") {
        return Err(Unusable::NoCredential);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::macros::datetime;

    use super::super::kubeconfig::{kubeconfig, server, token};
    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

    fn with(cluster: &str, user: &str) -> Result<String, Unusable> {
        let text = format!(
            "{{current-context: a, contexts: [{{name: a, context: {{cluster: c, user: u}}}}],\n\
             clusters: [{{name: c, cluster: {{server: 'https://m:6443'{cluster}}}}}],\n\
             users: [{{name: u, user: {{{user}}}}}]}}"
        );
        flatten(&text, NOW)
    }

    #[test]
    fn only_the_current_context_is_stored() {
        let text = "
current-context: b
contexts:
  - {name: a, context: {cluster: a, user: a}}
  - {name: b, context: {cluster: c2, user: u2, namespace: demo}}
clusters:
  - {name: a, cluster: {server: 'https://a:6443', insecure-skip-tls-verify: true}}
  - {name: c2, cluster: {server: 'https://b:6443', certificate-authority-data: UEVN}}
users:
  - {name: a, user: {exec: {command: aws}}}
  - {name: u2, user: {token: opaque}}
";
        let flat = flatten(text, NOW).unwrap();
        assert_eq!(server(&flat).as_deref(), Some("https://b:6443"));
        assert_eq!(token(&flat).as_deref(), Some("opaque"));
        assert!(!flat.contains("https://a") && !flat.contains("aws"), "{flat}");
        let none = text.replace("current-context: b", "current-context: ''");
        assert_eq!(flatten(&none, NOW), Err(Unusable::NoContext(2)));
        let other = text.replace("current-context: b", "current-context: c");
        assert_eq!(flatten(&other, NOW), Err(Unusable::Incomplete("c".into())));
    }

    /// The same text, so that a Cluster is not written anew.
    #[test]
    fn what_ksi_wrote_stays_as_it_is() {
        let own = kubeconfig("m1", "https://m:6443", Some("PEM"), "opaque");
        assert_eq!(flatten(&own, NOW).as_deref(), Ok(&*own));
    }

    #[test]
    fn what_a_host_cannot_use_is_refused_with_the_reason() {
        for (cluster, user, reason) in [
            ("", "exec: {command: aws}", "a credential plugin"),
            ("", "auth-provider: {name: oidc}", "an auth provider"),
            ("", "tokenFile: /token", "a token file"),
            ("", "client-certificate: a.crt", "client certificate"),
            (", certificate-authority: ca.crt", "token: t", "certificate authority"),
            (", insecure-skip-tls-verify: true", "token: t", "insecure-skip-tls-verify"),
            (", proxy-url: 'http://p:3128'", "token: t", "proxy-url"),
            (", tls-server-name: kubernetes", "token: t", "tls-server-name"),
            ("", "token: t, as: admin", "impersonation"),
            ("", "client-certificate-data: UEVN", "with its key"),
            ("", "username: a, password: hunter2", "neither a token"),
            ("", "token: e30.eyJleHAiOjE3MDAwMDAwMDB9.c2ln", "expired on 2023-11-14"),
        ] {
            let refused = with(cluster, user).unwrap_err().to_string();
            assert!(refused.contains(reason), "{cluster}{user}: {refused}");
            assert!(!refused.contains("hunter"), "{refused}");
        }
        assert_eq!(flatten("a: [", NOW), Err(Unusable::NotOne));
        assert!(with(", insecure-skip-tls-verify: false", "token: t").is_ok());
    }
}
