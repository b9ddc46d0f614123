//! Reads and checks stored certificates.

use std::collections::BTreeSet;

use rcgen::{KeyPair, PublicKeyData as _};
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::{Pem, parse_x509_pem};

use crate::values::Error;

/// A certificate that parses, with the key that belongs to it.
pub(in crate::values) struct Pair<'a> {
    /// PEM.
    pub(in crate::values) certificate: &'a str,
    /// Its private key.
    pub(in crate::values) signing_key: KeyPair,
    /// Its expiry.
    pub(in crate::values) not_after: OffsetDateTime,
    /// Its DNS names.
    pub(in crate::values) names: BTreeSet<String>,
    /// Whether it may sign others.
    pub(in crate::values) is_authority: bool,
    /// Whether its key is an RSA key.
    pub(in crate::values) is_rsa: bool,
}

impl<'a> Pair<'a> {
    /// Reads a stored pair.
    pub(in crate::values) fn read(
        name: &str,
        certificate: &'a str,
        key: &str,
    ) -> Result<Self, Error> {
        let broken = |cause: &str| Error::damaged(format!("{name}.crt"), cause);
        let signing_key = KeyPair::from_pem(key)
            .map_err(|_| Error::damaged(format!("{name}.key"), "it is not a private key in PEM"))?;
        let pem = pem(certificate).ok_or_else(|| broken("it is not PEM"))?;
        let x509 = x509(&pem).ok_or_else(|| broken("it is not a certificate"))?;
        if x509.public_key().raw != signing_key.subject_public_key_info() {
            return Err(broken(&format!("it does not belong to the key in `{name}.key`")));
        }
        let not_after = OffsetDateTime::from_unix_timestamp(x509.validity().not_after.timestamp())
            .map_err(|_| broken("it has no valid expiry"))?;
        let names = match x509.subject_alternative_name() {
            Ok(Some(extension)) => extension
                .value
                .general_names
                .iter()
                .filter_map(|n| match n {
                    GeneralName::DNSName(dns) => Some((*dns).to_owned()),
                    _ => None,
                })
                .collect(),
            Ok(None) => BTreeSet::new(),
            Err(_) => return Err(broken("its names cannot be read")),
        };
        Ok(Self {
            certificate,
            not_after,
            names,
            is_authority: x509.is_ca(),
            is_rsa: signing_key.is_compatible(&rcgen::PKCS_RSA_SHA256),
            signing_key,
        })
    }
}

/// When a certificate expires; `None` if it cannot be read.
pub(in crate::values) fn expiry(certificate: &str) -> Option<OffsetDateTime> {
    let pem = pem(certificate)?;
    let seconds = x509(&pem)?.validity().not_after.timestamp();
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

/// Whether a certificate was signed by an authority; both have been read before.
pub(in crate::values) fn is_signed_by(certificate: &str, authority: &str) -> bool {
    let (Some(certificate), Some(authority)) = (pem(certificate), pem(authority)) else {
        return false;
    };
    let (Some(certificate), Some(authority)) = (x509(&certificate), x509(&authority)) else {
        return false;
    };
    certificate.issuer().as_raw() == authority.subject().as_raw()
        && certificate.verify_signature(Some(authority.public_key())).is_ok()
}

fn pem(text: &str) -> Option<Pem> {
    let (_, pem) = parse_x509_pem(text.as_bytes()).ok()?;
    (pem.label == "CERTIFICATE").then_some(pem)
}

fn x509(pem: &Pem) -> Option<X509Certificate<'_>> {
    pem.parse_x509().ok()
}
