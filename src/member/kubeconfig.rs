//! The kubeconfig by which a host reaches a member, and when it expires.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Value, json};
use time::OffsetDateTime;
use x509_parser::pem::parse_x509_pem;

use crate::object::embedded;

/// A kubeconfig with everything in it: server, authority as PEM, token.
pub fn kubeconfig(name: &str, server: &str, authority: Option<&str>, token: &str) -> String {
    let mut cluster = json!({"server": server});
    if let Some(authority) = authority {
        cluster["certificate-authority-data"] = BASE64_STANDARD.encode(authority).into();
    }
    let document = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    });
    crate::yaml::emit(&document)
}

/// The address of the API server in a kubeconfig.
pub fn server(kubeconfig: &str) -> Option<String> {
    let document = embedded::parse(kubeconfig).ok()?;
    selected(&document).0["server"].as_str().map(str::to_owned)
}

/// The token in a kubeconfig.
pub fn token(kubeconfig: &str) -> Option<String> {
    let document = embedded::parse(kubeconfig).ok()?;
    let token = selected(&document).1["token"].as_str()?;
    (!token.is_empty()).then(|| token.to_owned())
}

/// Cluster and user of the current context; of the first one where no context is current.
fn selected(document: &Value) -> (&Value, &Value) {
    let entry = |list: &str, name: &Value| {
        let all = document[list].as_array().map_or(&[][..], Vec::as_slice);
        all.iter().find(|one| one["name"] == *name).or(all.first()).unwrap_or(&Value::Null)
    };
    let context = &entry("contexts", &document["current-context"])["context"];
    (&entry("clusters", &context["cluster"])["cluster"], &entry("users", &context["user"])["user"])
}

/// What a credential is, as far as its end is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// It ends then.
    Until(OffsetDateTime),
    /// It does not say when it ends.
    Unlimited,
    /// There is none.
    Missing,
}

/// When the credential of a kubeconfig ends: that of its client certificate, or of its token.
pub fn expiry(kubeconfig: &str) -> Credential {
    let Ok(document) = embedded::parse(kubeconfig) else { return Credential::Missing };
    let (_, user) = selected(&document);
    if let Some(token) = user["token"].as_str().filter(|token| !token.is_empty()) {
        return of_token(token).map_or(Credential::Unlimited, Credential::Until);
    }
    match user["client-certificate-data"].as_str().map(of_certificate) {
        Some(Some(end)) => Credential::Until(end),
        Some(None) => Credential::Unlimited,
        None => Credential::Missing,
    }
}

/// The `exp` of a JWT.
fn of_token(token: &str) -> Option<OffsetDateTime> {
    let claims = token.split('.').nth(1)?;
    let claims: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    OffsetDateTime::from_unix_timestamp(claims["exp"].as_i64()?).ok()
}

fn of_certificate(data: &str) -> Option<OffsetDateTime> {
    let (_, pem) = parse_x509_pem(&BASE64_STANDARD.decode(data).ok()?).ok()?;
    let end = pem.parse_x509().ok()?.validity().not_after.timestamp();
    OffsetDateTime::from_unix_timestamp(end).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_when_it_ends() {
        let claims = |text: &str| format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(text));
        let of = |token: &str| expiry(&kubeconfig("m", "https://m:6443", Some("PEM"), token));
        let end = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        assert_eq!(of(&claims(r#"{"exp":1800000000}"#)), Credential::Until(end));
        assert_eq!(of(&claims(r#"{"sub":"x"}"#)), Credential::Unlimited);
        assert_eq!(of("opaque"), Credential::Unlimited);
        assert_eq!(of(""), Credential::Missing);
        assert_eq!(expiry("not: [a kubeconfig"), Credential::Missing);
    }

    #[test]
    fn a_kubeconfig_says_where_it_leads() {
        let text = kubeconfig("m", "https://m:6443", None, "t");
        assert_eq!(server(&text).as_deref(), Some("https://m:6443"));
        assert_eq!(server("not: [a kubeconfig"), None);
    }

    #[test]
    fn a_certificate_says_when_it_ends() {
        let mut parameters = rcgen::CertificateParams::new(vec!["m".to_owned()]).unwrap();
        parameters.not_after = time::macros::datetime!(2031-01-01 0:00 UTC);
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = parameters.self_signed(&key).unwrap().pem();
        let text = format!(
            "users: [{{name: a, user: {{client-certificate-data: {}}}}}]",
            BASE64_STANDARD.encode(pem)
        );
        assert_eq!(expiry(&text), Credential::Until(time::macros::datetime!(2031-01-01 0:00 UTC)));
    }
}
