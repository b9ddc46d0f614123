//! Resolves each value from the configuration, or else from the stored values, or else generates it.

use std::time::SystemTime;

use time::{Duration, OffsetDateTime};

use super::certificate::{self, Pair, Served, is_signed_by};
use super::entropy::alphanumeric;
use super::{
    Certificate, Entropy, Error, Given, KeyKind, SecretText, StoredValues, ValueSource, Values,
    password, stored, token,
};
use crate::config::form;
use crate::object::kubesphere;

/// Serving certificates, and the authority of the webhooks, are renewed this long before they expire.
pub(super) const RENEWED_BEFORE: Duration = Duration::days(30);
const JWT_SECRET_LENGTH: usize = 32;
const REDIS_PASSWORD_LENGTH: usize = 32;
const CONTROLLER_MANAGER: Served =
    Served { service: kubesphere::CONTROLLER_MANAGER, namespace: kubesphere::SYSTEM };
const KUBEFED: Served =
    Served { service: "kubefed-admission-webhook", namespace: kubesphere::FEDERATION };

/// Resolves every value for this configuration, and returns the values that the target must store. `stored` are
/// the stored values, [completed](super::completed) by those of live objects. Values that a later configuration
/// no longer sets or needs stay stored, so that nothing changes silently.
///
/// Values that `given` does not need are [`AT_INSTALL`](super::AT_INSTALL).
///
/// # Errors
/// A stored value is damaged, an authority has expired, or a new value cannot be generated.
pub fn resolve(
    given: &Given<'_>,
    stored: &StoredValues,
    entropy: &mut dyn Entropy,
    now: SystemTime,
) -> Result<(Values, StoredValues), Error> {
    let mut run = Resolution { stored: stored.clone(), entropy: Some(entropy), now: date(now)? };
    let values = run.values(given)?;
    Ok((values, run.stored))
}

/// Like [`resolve`], but with [`AT_INSTALL`](super::AT_INSTALL) for everything that it would generate: for
/// a diff against a target.
///
/// # Errors
/// A stored value is damaged, or an authority has expired.
pub fn resolve_without_generating(
    given: &Given<'_>,
    stored: &StoredValues,
    now: SystemTime,
) -> Result<Values, Error> {
    Resolution { stored: stored.clone(), entropy: None, now: date(now)? }.values(given)
}

/// The time as certificates have it.
pub(super) fn date(now: SystemTime) -> Result<OffsetDateTime, Error> {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| Error::Clock)?;
    let seconds = i64::try_from(since.as_secs()).map_err(|_| Error::Clock)?;
    let date = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| Error::Clock)?;
    // The longest-lived certificate must still expire in a year of four digits.
    if date.year() < 9900 { Ok(date) } else { Err(Error::Clock) }
}

/// One resolution.
pub(super) struct Resolution<'e> {
    /// The stored values, and what was generated.
    pub(super) stored: StoredValues,
    /// Without it nothing is generated.
    pub(super) entropy: Option<&'e mut dyn Entropy>,
    /// The time.
    pub(super) now: OffsetDateTime,
}

impl Resolution<'_> {
    fn values(&mut self, given: &Given<'_>) -> Result<Values, Error> {
        let jwt_secret = self.text(stored::JWT_SECRET, given.jwt_secret(), JWT_SECRET_LENGTH)?;
        let static_token = self.static_token(&jwt_secret)?;
        let (admin_password, admin_password_hash) = self.admin(given.admin_password())?;
        let redis_password = self.text(stored::REDIS_PASSWORD, None, REDIS_PASSWORD_LENGTH)?;
        let tower_ca =
            if given.tower { self.tower_authority()? } else { Certificate::at_install() };
        let webhook_ca = self.webhook_authority(given)?;
        let controller_manager_webhook =
            self.serving(stored::CONTROLLER_MANAGER_WEBHOOK, CONTROLLER_MANAGER, &webhook_ca)?;
        let kubefed_webhook = if given.kubefed {
            self.serving(stored::KUBEFED_WEBHOOK, KUBEFED, &webhook_ca)?
        } else {
            Certificate::at_install()
        };
        Ok(Values {
            jwt_secret,
            static_token,
            admin_password,
            admin_password_hash,
            redis_password,
            tower_ca,
            webhook_ca,
            controller_manager_webhook,
            kubefed_webhook,
        })
    }

    /// A text that is configured, stored, or generated from letters and digits.
    fn text(
        &mut self,
        name: &str,
        given: Option<&str>,
        length: usize,
    ) -> Result<SecretText, Error> {
        if let Some(text) = given {
            self.stored.store(name, text);
            return Ok(SecretText::new(text, ValueSource::Configuration));
        }
        if let Some(text) = self.stored.text(name)? {
            return Ok(SecretText::new(text, ValueSource::Live));
        }
        let Some(entropy) = &mut self.entropy else {
            return Ok(SecretText::at_install());
        };
        let text = alphanumeric(*entropy, length)?;
        Ok(self.generated(name, text))
    }

    fn generated(&mut self, name: &str, text: String) -> SecretText {
        self.stored.store(name, text.as_str());
        SecretText::new(text, ValueSource::Generated)
    }

    fn static_token(&mut self, jwt_secret: &SecretText) -> Result<SecretText, Error> {
        if let Some(token) = self.stored.text(stored::STATIC_TOKEN)?
            && token::is_signed_with(token, &jwt_secret.text)
        {
            return Ok(SecretText::new(token, ValueSource::Live));
        }
        if self.entropy.is_none() {
            return Ok(SecretText::at_install());
        }
        let token = token::mint(&jwt_secret.text, self.now);
        Ok(self.generated(stored::STATIC_TOKEN, token))
    }

    /// The password of `admin` and its hash.
    fn admin(&mut self, given: Option<&str>) -> Result<(SecretText, SecretText), Error> {
        if let Some(hash) = given.filter(|text| form::is_bcrypt_hash(text)) {
            // A stored password would belong to another hash.
            self.stored.0.remove(stored::ADMIN_PASSWORD);
            self.stored.store(stored::ADMIN_PASSWORD_HASH, hash);
            let configured = |text: &str| SecretText::new(text, ValueSource::Configuration);
            return Ok((configured(""), configured(hash)));
        }
        let stored_text = self.stored.text(stored::ADMIN_PASSWORD)?.map(str::to_owned);
        let stored_hash = self.stored.text(stored::ADMIN_PASSWORD_HASH)?.map(str::to_owned);
        if let Some(hash) = &stored_hash
            && !form::is_bcrypt_hash(hash)
        {
            return Err(Error::damaged(stored::ADMIN_PASSWORD_HASH, "it is not a bcrypt hash"));
        }
        // The stored hash belongs to the stored password: computing it again would be slow on purpose.
        if let Some(hash) = stored_hash
            && (given.is_none() || given == stored_text.as_deref())
        {
            let source =
                if given.is_some() { ValueSource::Configuration } else { ValueSource::Live };
            let text = stored_text.unwrap_or_default();
            return Ok((SecretText::new(text, source), SecretText::new(hash, ValueSource::Live)));
        }
        let text = match (given, stored_text) {
            (Some(text), _) => SecretText::new(text, ValueSource::Configuration),
            (None, Some(text)) => SecretText::new(text, ValueSource::Live),
            (None, None) => match &mut self.entropy {
                Some(entropy) => {
                    SecretText::new(password::generate(*entropy)?, ValueSource::Generated)
                }
                None => SecretText::at_install(),
            },
        };
        let Some(entropy) = &mut self.entropy else {
            return Ok((text, SecretText::at_install()));
        };
        let hash = password::hash(&text.text, *entropy)?;
        self.stored.store(stored::ADMIN_PASSWORD, text.text.as_str());
        Ok((text, self.generated(stored::ADMIN_PASSWORD_HASH, hash)))
    }

    /// Members and agents trust it, so a run never replaces it: an expired one is an error.
    fn tower_authority(&mut self) -> Result<Certificate, Error> {
        let name = stored::TOWER_CA;
        if let Some(live) = self.pair(name)? {
            let pair = read_authority(name, &live)?;
            if !pair.is_rsa {
                return Err(Error::damaged(format!("{name}.key"), "Tower reads RSA keys only"));
            }
            if pair.not_after <= self.now {
                let date = pair.not_after.date().to_string();
                return Err(Error::Expired { name: name.into(), date });
            }
            return Ok(live);
        }
        self.new_authority(name, "kubesphere-tower", KeyKind::Rsa2048)
    }

    /// Only the API server of this cluster trusts it, through objects of the same run: before it expires,
    /// it is replaced together with the certificates that it signed. If its key is lost, it stays for as long as
    /// these serve.
    fn webhook_authority(&mut self, given: &Given<'_>) -> Result<Certificate, Error> {
        let name = stored::WEBHOOK_CA;
        if let Some(certificate) = self.stored.text(&format!("{name}.crt"))?
            && self.stored.text(&format!("{name}.key"))?.is_none()
        {
            let (certificate, key) = (certificate.to_owned(), String::new());
            let kubefed = given.kubefed.then_some((stored::KUBEFED_WEBHOOK, KUBEFED));
            let mut served = [(stored::CONTROLLER_MANAGER_WEBHOOK, CONTROLLER_MANAGER)]
                .into_iter()
                .chain(kubefed);
            let lasts = served.try_fold(true, |lasts, (name, served)| {
                Ok::<_, Error>(lasts && self.still_serves(name, served, &certificate)?.is_some())
            })?;
            if lasts {
                return Ok(Certificate { certificate, key, source: ValueSource::Live });
            }
        } else if let Some(live) = self.pair(name)?
            && self.is_durable(read_authority(name, &live)?.not_after)
        {
            return Ok(live);
        }
        self.new_authority(name, "kubesphere-webhooks", KeyKind::EcdsaP256)
    }

    /// A new authority, which is stored.
    pub(super) fn new_authority(
        &mut self,
        name: &str,
        common_name: &str,
        kind: KeyKind,
    ) -> Result<Certificate, Error> {
        let Some(entropy) = &mut self.entropy else {
            return Ok(Certificate::at_install());
        };
        let pair = certificate::authority(name, common_name, kind, *entropy, self.now)?;
        self.stored.store_pair(name, &pair.certificate, &pair.key);
        Ok(pair)
    }

    /// A serving certificate, stored or new.
    pub(super) fn serving(
        &mut self,
        name: &str,
        served: Served,
        authority: &Certificate,
    ) -> Result<Certificate, Error> {
        if let Some(live) = self.still_serves(name, served, &authority.certificate)? {
            return Ok(live);
        }
        let Some(entropy) = &mut self.entropy else {
            return Ok(Certificate::at_install());
        };
        let authority = read_authority(stored::WEBHOOK_CA, authority)?;
        let pair = certificate::serving(name, served, &authority, *entropy, self.now)?;
        self.stored.store_pair(name, &pair.certificate, &pair.key);
        Ok(pair)
    }

    /// A stored serving certificate, unless it expires soon, has other names, or another authority signed it.
    fn still_serves(
        &self,
        name: &str,
        served: Served,
        authority: &str,
    ) -> Result<Option<Certificate>, Error> {
        let Some(live) = self.pair(name)? else { return Ok(None) };
        let pair = Pair::read(name, &live.certificate, &live.key)?;
        let is_usable = self.is_durable(pair.not_after)
            && pair.names == served.names().into_iter().collect()
            && is_signed_by(&live.certificate, authority);
        Ok(is_usable.then_some(live))
    }

    /// Whether a certificate lasts long enough to be kept.
    pub(super) fn is_durable(&self, not_after: OffsetDateTime) -> bool {
        not_after - self.now >= RENEWED_BEFORE
    }

    /// A stored pair; a certificate without its key, or the reverse, is damaged.
    pub(super) fn pair(&self, name: &str) -> Result<Option<Certificate>, Error> {
        let (crt, key) = (format!("{name}.crt"), format!("{name}.key"));
        match (self.stored.text(&crt)?, self.stored.text(&key)?) {
            (Some(certificate), Some(key)) => Ok(Some(Certificate {
                certificate: certificate.into(),
                key: key.into(),
                source: ValueSource::Live,
            })),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Error::damaged(crt, "it is missing, but its key exists")),
            (Some(_), None) => {
                Err(Error::damaged(key, "it is missing, but its certificate exists"))
            }
        }
    }
}

/// A stored authority.
pub(super) fn read_authority<'c>(name: &str, pair: &'c Certificate) -> Result<Pair<'c>, Error> {
    let read = Pair::read(name, &pair.certificate, &pair.key)?;
    if read.is_authority {
        Ok(read)
    } else {
        Err(Error::damaged(format!("{name}.crt"), "it is not a CA certificate"))
    }
}

#[cfg(test)]
mod tests;
