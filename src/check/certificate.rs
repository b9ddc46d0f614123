//! Certificates in Secrets and webhook configurations.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;
use time::OffsetDateTime;
use x509_parser::pem::{Pem, parse_x509_pem};

use super::manifest::{clean, text};

/// The fields of a certificate that checks evaluate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) common_name: String,
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
    pub(super) is_rsa: bool,
}

/// The PEM text in a base64 value.
pub(super) fn decoded(value: &Value) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(text(value)).ok()?).ok()
}

/// Reads the first certificate of a PEM text.
pub(super) fn read(pem: &str) -> Option<Certificate> {
    let pem = first(pem)?;
    let x509 = pem.parse_x509().ok()?;
    let common_name = x509.subject().iter_common_name().next()?.as_str().ok()?;
    let time = |at: i64| OffsetDateTime::from_unix_timestamp(at).ok();
    let key = &x509.public_key().algorithm.algorithm;
    Some(Certificate {
        common_name: clean(common_name),
        not_before: time(x509.validity().not_before.timestamp())?,
        not_after: time(x509.validity().not_after.timestamp())?,
        is_rsa: key.to_id_string() == "1.2.840.113549.1.1.1",
    })
}

/// Whether a certificate is signed by one of the authorities in a bundle, or is one of them; `None` if
/// that cannot be determined.
pub(super) fn is_trusted(certificate: &str, bundle: &str) -> Option<bool> {
    let certificate = first(certificate)?;
    let certificate = certificate.parse_x509().ok()?;
    let mut authorities = 0;
    for pem in Pem::iter_from_buffer(bundle.as_bytes()).flatten() {
        let Ok(authority) = pem.parse_x509() else { continue };
        authorities += 1;
        if certificate.issuer().as_raw() == authority.subject().as_raw()
            && certificate.verify_signature(Some(authority.public_key())).is_ok()
        {
            return Some(true);
        }
    }
    (authorities > 0).then_some(false)
}

fn first(text: &str) -> Option<Pem> {
    let (_, pem) = parse_x509_pem(text.as_bytes()).ok()?;
    (pem.label == "CERTIFICATE").then_some(pem)
}
