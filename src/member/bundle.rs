//! The file that a host gives to a member: everything that the member needs to join.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Mode;
use crate::object::embedded;
use crate::yaml;

const API_VERSION: &str = "ksi.kubesphere.io/v1alpha1";
const KIND: &str = "MemberBundle";

/// The host that a bundle is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostIdentity {
    /// The name of its own Cluster object.
    pub name: String,
    /// The UID of its namespace kube-system.
    pub uid: String,
}

/// How an agent reaches its host.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The address of Tower.
    pub address: String,
    /// The token that Tower expects.
    pub token: String,
    /// SHA-256 of the public key of the authority behind an `https://` address, as the host saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
}

/// What a member needs to join.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bundle {
    /// The member's name on the host.
    #[serde(skip)]
    pub name: String,
    /// How the host reaches it.
    pub mode: Mode,
    /// From then on it is refused, RFC 3339.
    pub expires: String,
    /// The host.
    pub host: HostIdentity,
    /// The UID of the cluster that the host knows under this name; absent before its first join, and after a rejoin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_uid: Option<String>,
    /// What tokens are signed with on the host, and are checked with on its members.
    pub jwt_secret: String,
    /// How the agent reaches the host; absent in mode direct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
}

/// Without secrets.
impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    api_version: String,
    kind: String,
    metadata: Metadata,
    spec: Bundle,
    checksum: String,
}

#[derive(Serialize, Deserialize)]
struct Metadata {
    name: String,
}

/// Why a bundle cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It is no bundle.
    #[error("it is not a member bundle: expected `kind: {KIND}` of {API_VERSION}")]
    NotOne,
    /// It is one, but cannot be read.
    #[error("it cannot be read: {0}")]
    Malformed(String),
    /// It was changed or cut.
    #[error("its checksum does not match: it was changed or is incomplete")]
    Changed,
    /// It is too old.
    #[error("it expired at {0}")]
    Expired(String),
}

/// A bundle as the text of its file.
pub fn seal(bundle: &Bundle) -> String {
    yaml::emit(&Document {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        metadata: Metadata { name: bundle.name.clone() },
        checksum: checksum(bundle),
        spec: bundle.clone(),
    })
}

/// Reads a bundle from the text of its file.
///
/// # Errors
/// It is none, was changed, or has expired at `now`.
pub fn open(text: &str, now: OffsetDateTime) -> Result<Bundle, BundleError> {
    let value = embedded::parse(text).map_err(|_| BundleError::NotOne)?;
    if value["apiVersion"] != API_VERSION || value["kind"] != KIND {
        return Err(BundleError::NotOne);
    }
    // The message of the parser may quote a value; its first line names the key.
    let document: Document = serde_json::from_value(value)
        .map_err(|error| BundleError::Malformed(missing(&error.to_string())))?;
    let bundle = Bundle { name: document.metadata.name, ..document.spec };
    if checksum(&bundle) != document.checksum {
        return Err(BundleError::Changed);
    }
    let expires = OffsetDateTime::parse(&bundle.expires, &Rfc3339);
    match expires {
        Ok(expires) if now < expires => Ok(bundle),
        Ok(_) => Err(BundleError::Expired(bundle.expires)),
        Err(_) => Err(BundleError::Malformed("`expires` is not a time".to_owned())),
    }
}

/// What a parser says, if that has no value in it.
fn missing(message: &str) -> String {
    let is_known =
        ["missing field", "unknown field"].iter().any(|start| message.starts_with(start));
    if is_known { message.to_owned() } else { "a value has the wrong type".to_owned() }
}

fn checksum(bundle: &Bundle) -> String {
    let text = serde_json::json!([bundle.name, bundle]).to_string();
    format!("sha256:{}", hex::encode(digest::digest(&digest::SHA256, text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

    fn bundle() -> Bundle {
        Bundle {
            name: "m1".into(),
            mode: Mode::Agent,
            expires: "2026-01-02T00:00:00Z".into(),
            host: HostIdentity { name: "host".into(), uid: "u".into() },
            member_uid: None,
            jwt_secret: "hunter2".into(),
            link: Some(Link {
                address: "https://tower.example.com".into(),
                token: "hunter3".into(),
                pin: Some("sha256:0".into()),
            }),
        }
    }

    #[test]
    fn what_is_sealed_can_be_opened() {
        assert_eq!(open(&seal(&bundle()), NOW), Ok(bundle()));
        let direct = Bundle { mode: Mode::Direct, link: None, ..bundle() };
        assert_eq!(open(&seal(&direct), NOW), Ok(direct));
        assert!(!seal(&bundle()).contains("memberUid"), "{}", seal(&bundle()));
        let known = Bundle { member_uid: Some("m".into()), ..bundle() };
        assert_eq!(open(&seal(&known), NOW), Ok(known));
    }

    #[test]
    fn a_bundle_that_was_touched_is_refused() {
        let text = seal(&bundle());
        for (from, to, expected) in [
            ("hunter2", "hunter4", BundleError::Changed),
            ("m1", "m2", BundleError::Changed),
            ("MemberBundle", "Secret", BundleError::NotOne),
            ("  mode: agent\n", "", BundleError::Malformed("missing field `mode`".into())),
        ] {
            assert!(text.contains(from), "{from}");
            assert_eq!(open(&text.replace(from, to), NOW), Err(expected), "{from}");
        }
        let half = &text[..text.len() / 2];
        assert!(open(half, NOW).is_err());
        assert_eq!(open("", NOW), Err(BundleError::NotOne));
    }

    #[test]
    fn a_bundle_ends() {
        let end = datetime!(2026-01-02 0:00 UTC);
        let expected = BundleError::Expired("2026-01-02T00:00:00Z".into());
        assert_eq!(open(&seal(&bundle()), end), Err(expected));
    }

    #[test]
    fn no_message_has_a_secret_in_it() {
        let text = seal(&bundle()).replace("mode: agent", "mode: hunter5");
        let error = open(&text, NOW).unwrap_err();
        let shown = format!("{error} {error:?} {:?}", bundle());
        assert!(!shown.contains("hunter"), "{shown}");
    }
}
