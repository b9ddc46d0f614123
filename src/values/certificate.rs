//! Generates certificate authorities and serving certificates.

mod reading;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};

use super::{Certificate, Entropy, Error, KeyKind, ValueSource};

pub(super) use reading::{Pair, expiry, is_signed_by};

/// Certificates are backdated by this much: Tower exits if its authority is not valid yet, and clocks
/// differ.
pub(super) const BACKDATED: Duration = Duration::hours(1);
/// Ten years, leap days included. Both authorities are trusted inside one cluster only.
const AUTHORITY_LIFE: Duration = Duration::days(3653);
/// Five years: some apply will happen within that time, and a renewal by the same authority affects no
/// client.
const SERVING_LIFE: Duration = Duration::days(1826);

/// The Service of a serving certificate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Served {
    /// The Service's name.
    pub(super) service: &'static str,
    /// The Service's namespace.
    pub(super) namespace: &'static str,
}

impl Served {
    /// Every DNS name under which clients in the cluster may call the Service.
    pub(super) fn names(&self) -> Vec<String> {
        let Self { service, namespace } = self;
        ["", ".svc", ".svc.cluster.local"]
            .iter()
            .map(|end| format!("{service}.{namespace}{end}"))
            .fold(vec![(*service).to_owned()], |mut names, name| {
                names.push(name);
                names
            })
    }
}

/// A new self-signed certificate authority.
pub(super) fn authority(
    name: &str,
    common_name: &str,
    kind: KeyKind,
    entropy: &mut dyn Entropy,
    now: OffsetDateTime,
) -> Result<Certificate, Error> {
    let (pem, key) = new_key(name, kind, entropy)?;
    let mut params = params(common_name, now, now + AUTHORITY_LIFE, entropy)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
    ];
    let certificate = params.self_signed(&key).map_err(|e| Error::generating(name, &e))?;
    Ok(Certificate { certificate: certificate.pem(), key: pem, source: ValueSource::Generated })
}

/// A new serving certificate, signed by an authority, that expires no later than the authority.
pub(super) fn serving(
    name: &str,
    served: Served,
    authority: &Pair<'_>,
    entropy: &mut dyn Entropy,
    now: OffsetDateTime,
) -> Result<Certificate, Error> {
    let (pem, key) = new_key(name, KeyKind::EcdsaP256, entropy)?;
    let end = (now + SERVING_LIFE).min(authority.not_after);
    let mut params =
        params(&format!("{}.{}.svc", served.service, served.namespace), now, end, entropy)?;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for dns in served.names() {
        let dns = dns.try_into().map_err(|e| Error::generating(name, &e))?;
        params.subject_alt_names.push(SanType::DnsName(dns));
    }
    let issuer = Issuer::from_ca_cert_pem(authority.certificate, &authority.signing_key)
        .map_err(|e| Error::generating(name, &e))?;
    let certificate = params.signed_by(&key, &issuer).map_err(|e| Error::generating(name, &e))?;
    Ok(Certificate { certificate: certificate.pem(), key: pem, source: ValueSource::Generated })
}

fn new_key(
    name: &str,
    kind: KeyKind,
    entropy: &mut dyn Entropy,
) -> Result<(String, KeyPair), Error> {
    let pem = entropy.key(kind)?;
    let key = KeyPair::from_pem(&pem).map_err(|e| Error::generating(name, &e))?;
    Ok((pem, key))
}

fn params(
    common_name: &str,
    now: OffsetDateTime,
    end: OffsetDateTime,
    entropy: &mut dyn Entropy,
) -> Result<CertificateParams, Error> {
    let mut serial = [0; 16];
    entropy.fill(&mut serial)?;
    // A serial number is positive and not zero.
    serial[0] = serial[0] & 0x7f | 0x40;
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "KubeSphere");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = now - BACKDATED;
    params.not_after = end;
    Ok(params)
}
