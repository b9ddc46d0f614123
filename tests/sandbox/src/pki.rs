//! Certificates of a cluster: one authority, and what it issues.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// A certificate and its key, both PEM.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// Its private key, PKCS #8.
    pub key: String,
}

impl Pair {
    /// Writes `NAME.crt` and `NAME.key`.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn save(&self, folder: &Path, name: &str) -> Result<()> {
        fs::write(folder.join(format!("{name}.crt")), &self.certificate)?;
        write_private(&folder.join(format!("{name}.key")), &self.key)
    }
}

/// What a certificate is for.
#[derive(Debug, Clone, Default)]
pub struct Leaf<'a> {
    /// Common name: the user, for a client.
    pub common_name: &'a str,
    /// Organization: the group, for a client.
    pub organization: &'a str,
    /// DNS names and addresses, for a server.
    pub names: Vec<String>,
}

/// A certificate authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pair: Pair,
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// No key can be made.
    pub fn new(common_name: &str) -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        let pair = Pair { certificate, key: key.serialize_pem() };
        Ok(Self { issuer: Issuer::new(params, key), pair })
    }

    /// One that [`Pair::save`] wrote.
    ///
    /// # Errors
    /// The files are not there, or hold something else.
    pub fn load(folder: &Path, name: &str) -> Result<Self> {
        let read = |suffix: &str| {
            let path = folder.join(format!("{name}.{suffix}"));
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let pair = Pair { certificate: read("crt")?, key: read("key")? };
        let key = KeyPair::from_pem(&pair.key)?;
        Ok(Self { issuer: Issuer::from_ca_cert_pem(&pair.certificate, key)?, pair })
    }

    /// Its own certificate and key.
    pub fn pair(&self) -> &Pair {
        &self.pair
    }

    /// A certificate for servers and clients alike.
    ///
    /// # Errors
    /// A name is neither a DNS name nor an address.
    pub fn issue(&self, leaf: &Leaf<'_>) -> Result<Pair> {
        let mut params = CertificateParams::new(leaf.names.clone())?;
        params.distinguished_name.push(DnType::CommonName, leaf.common_name);
        if !leaf.organization.is_empty() {
            params.distinguished_name.push(DnType::OrganizationName, leaf.organization);
        }
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Pair { certificate, key: key.serialize_pem() })
    }
}

/// Writes a file that only its owner can read.
///
/// # Errors
/// It cannot be written.
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}
