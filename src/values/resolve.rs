//! Each value from the configuration, else from what is kept, else made.

use std::time::SystemTime;

use time::{Duration, OffsetDateTime};

use super::certificate::{self, Pair, Served, is_signed_by};
use super::entropy::alphanumeric;
use super::{
    Certificate, Entropy, Error, Given, KeptValues, KeyKind, SecretText, ValueSource, Values, kept,
    password, token,
};
use crate::config::form;
use crate::object::kubesphere;

/// Serving certificates, and the authority of the webhooks, are replaced when they have less left.
const RENEWED_BEFORE: Duration = Duration::days(30);
const JWT_SECRET_LENGTH: usize = 32;
const REDIS_PASSWORD_LENGTH: usize = 32;
const CONTROLLER_MANAGER: Served =
    Served { service: kubesphere::CONTROLLER_MANAGER, namespace: kubesphere::SYSTEM };
const KUBEFED: Served =
    Served { service: "kubefed-admission-webhook", namespace: kubesphere::FEDERATION };

/// Every value for this configuration, and what the target must keep from now on. What a later
/// configuration no longer gives or needs stays kept, so that nothing changes behind anybody's back.
///
/// Values that `given` does not need are [`AT_INSTALL`](super::AT_INSTALL).
///
/// # Errors
/// A kept value is broken or an authority has expired; a new one cannot be made.
pub fn resolve(
    given: &Given<'_>,
    kept: &KeptValues,
    entropy: &mut dyn Entropy,
    now: SystemTime,
) -> Result<(Values, KeptValues), Error> {
    let mut run = Resolution { kept: kept.clone(), entropy: Some(entropy), now: date(now)? };
    let values = run.values(given)?;
    Ok((values, run.kept))
}

/// What [`resolve`] would give, with [`AT_INSTALL`](super::AT_INSTALL) for everything that it would
/// make: for a diff against a target, which makes nothing.
///
/// # Errors
/// A kept value is broken or an authority has expired.
pub fn foresee(given: &Given<'_>, kept: &KeptValues, now: SystemTime) -> Result<Values, Error> {
    Resolution { kept: kept.clone(), entropy: None, now: date(now)? }.values(given)
}

fn date(now: SystemTime) -> Result<OffsetDateTime, Error> {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).map_err(|_| Error::Clock)?;
    let seconds = i64::try_from(since.as_secs()).map_err(|_| Error::Clock)?;
    let date = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| Error::Clock)?;
    // The longest life must still end in a year of four digits.
    if date.year() < 9900 { Ok(date) } else { Err(Error::Clock) }
}

struct Resolution<'e> {
    kept: KeptValues,
    /// Nothing is made without it.
    entropy: Option<&'e mut dyn Entropy>,
    now: OffsetDateTime,
}

impl Resolution<'_> {
    fn values(&mut self, given: &Given<'_>) -> Result<Values, Error> {
        let jwt_secret = self.text(kept::JWT_SECRET, given.jwt_secret(), JWT_SECRET_LENGTH)?;
        let static_token = self.static_token(&jwt_secret)?;
        let (admin_password, admin_password_hash) = self.admin(given.admin_password())?;
        let redis_password = self.text(kept::REDIS_PASSWORD, None, REDIS_PASSWORD_LENGTH)?;
        let tower_ca =
            if given.tower { self.tower_authority()? } else { Certificate::at_install() };
        let webhook_ca = self.webhook_authority()?;
        let controller_manager_webhook =
            self.serving(kept::CONTROLLER_MANAGER_WEBHOOK, CONTROLLER_MANAGER, &webhook_ca)?;
        let kubefed_webhook = if given.kubefed {
            self.serving(kept::KUBEFED_WEBHOOK, KUBEFED, &webhook_ca)?
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

    /// A text that is given, kept, or made of letters and digits.
    fn text(
        &mut self,
        name: &str,
        given: Option<&str>,
        length: usize,
    ) -> Result<SecretText, Error> {
        if let Some(text) = given {
            self.kept.keep(name, text);
            return Ok(SecretText::new(text, ValueSource::Configuration));
        }
        if let Some(text) = self.kept.text(name)? {
            return Ok(SecretText::new(text, ValueSource::Live));
        }
        let Some(entropy) = &mut self.entropy else {
            return Ok(SecretText::at_install());
        };
        let text = alphanumeric(*entropy, length)?;
        Ok(self.made(name, text))
    }

    fn made(&mut self, name: &str, text: String) -> SecretText {
        self.kept.keep(name, text.as_str());
        SecretText::new(text, ValueSource::Generated)
    }

    fn static_token(&mut self, jwt_secret: &SecretText) -> Result<SecretText, Error> {
        if let Some(token) = self.kept.text(kept::STATIC_TOKEN)?
            && token::is_signed_with(token, &jwt_secret.text)
        {
            return Ok(SecretText::new(token, ValueSource::Live));
        }
        if self.entropy.is_none() {
            return Ok(SecretText::at_install());
        }
        let token = token::mint(&jwt_secret.text, self.now);
        Ok(self.made(kept::STATIC_TOKEN, token))
    }

    /// The password of `admin` and its hash.
    fn admin(&mut self, given: Option<&str>) -> Result<(SecretText, SecretText), Error> {
        if let Some(hash) = given.filter(|text| form::is_bcrypt_hash(text)) {
            // A kept text would belong to another hash.
            self.kept.0.remove(kept::ADMIN_PASSWORD);
            self.kept.keep(kept::ADMIN_PASSWORD_HASH, hash);
            let configured = |text: &str| SecretText::new(text, ValueSource::Configuration);
            return Ok((configured(""), configured(hash)));
        }
        let kept_text = self.kept.text(kept::ADMIN_PASSWORD)?.map(str::to_owned);
        let kept_hash = self.kept.text(kept::ADMIN_PASSWORD_HASH)?.map(str::to_owned);
        if let Some(hash) = &kept_hash
            && !form::is_bcrypt_hash(hash)
        {
            return Err(Error::broken(kept::ADMIN_PASSWORD_HASH, "it is not a bcrypt hash"));
        }
        // The kept hash belongs to the kept text: no need to compute it, which takes long on purpose.
        if let Some(hash) = kept_hash
            && (given.is_none() || given == kept_text.as_deref())
        {
            let source =
                if given.is_some() { ValueSource::Configuration } else { ValueSource::Live };
            let text = kept_text.unwrap_or_default();
            return Ok((SecretText::new(text, source), SecretText::new(hash, ValueSource::Live)));
        }
        let text = match (given, kept_text) {
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
        self.kept.keep(kept::ADMIN_PASSWORD, text.text.as_str());
        Ok((text, self.made(kept::ADMIN_PASSWORD_HASH, hash)))
    }

    /// Members and agents trust it, so that only an error, never a run, replaces it.
    fn tower_authority(&mut self) -> Result<Certificate, Error> {
        let name = kept::TOWER_CA;
        if let Some(live) = self.pair(name)? {
            let pair = read_authority(name, &live)?;
            if !pair.is_rsa {
                return Err(Error::broken(format!("{name}.key"), "Tower reads RSA keys only"));
            }
            if pair.not_after <= self.now {
                let date = pair.not_after.date().to_string();
                return Err(Error::Expired { name: name.into(), date });
            }
            return Ok(live);
        }
        self.new_authority(name, "kubesphere-tower", KeyKind::Rsa2048)
    }

    /// Only this cluster's API server trusts it, by objects of the same run: at its end it is
    /// replaced together with what it signed.
    fn webhook_authority(&mut self) -> Result<Certificate, Error> {
        let name = kept::WEBHOOK_CA;
        if let Some(live) = self.pair(name)?
            && self.lasts(read_authority(name, &live)?.not_after)
        {
            return Ok(live);
        }
        self.new_authority(name, "kubesphere-webhooks", KeyKind::EcdsaP256)
    }

    fn new_authority(
        &mut self,
        name: &str,
        common_name: &str,
        kind: KeyKind,
    ) -> Result<Certificate, Error> {
        let Some(entropy) = &mut self.entropy else {
            return Ok(Certificate::at_install());
        };
        let pair = certificate::authority(name, common_name, kind, *entropy, self.now)?;
        self.keep_pair(name, &pair);
        Ok(pair)
    }

    fn serving(
        &mut self,
        name: &str,
        served: Served,
        authority: &Certificate,
    ) -> Result<Certificate, Error> {
        if let Some(live) = self.pair(name)? {
            let pair = Pair::read(name, &live.certificate, &live.key)?;
            if self.lasts(pair.not_after)
                && pair.names == served.names().into_iter().collect()
                && is_signed_by(&live.certificate, &authority.certificate)
            {
                return Ok(live);
            }
        }
        let Some(entropy) = &mut self.entropy else {
            return Ok(Certificate::at_install());
        };
        let authority = read_authority(kept::WEBHOOK_CA, authority)?;
        let pair = certificate::serving(name, served, &authority, *entropy, self.now)?;
        self.keep_pair(name, &pair);
        Ok(pair)
    }

    fn lasts(&self, not_after: OffsetDateTime) -> bool {
        not_after - self.now >= RENEWED_BEFORE
    }

    /// A kept pair; half of one is a damaged one.
    fn pair(&self, name: &str) -> Result<Option<Certificate>, Error> {
        let (crt, key) = (format!("{name}.crt"), format!("{name}.key"));
        match (self.kept.text(&crt)?, self.kept.text(&key)?) {
            (Some(certificate), Some(key)) => Ok(Some(Certificate {
                certificate: certificate.into(),
                key: key.into(),
                source: ValueSource::Live,
            })),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Error::broken(crt, "it is missing, but its key is there")),
            (Some(_), None) => {
                Err(Error::broken(key, "it is missing, but its certificate is there"))
            }
        }
    }

    fn keep_pair(&mut self, name: &str, pair: &Certificate) {
        self.kept.keep(format!("{name}.crt"), pair.certificate.as_str());
        self.kept.keep(format!("{name}.key"), pair.key.as_str());
    }
}

fn read_authority<'c>(name: &str, pair: &'c Certificate) -> Result<Pair<'c>, Error> {
    let read = Pair::read(name, &pair.certificate, &pair.key)?;
    if read.is_authority {
        Ok(read)
    } else {
        Err(Error::broken(format!("{name}.crt"), "it is not an authority's certificate"))
    }
}

#[cfg(test)]
mod tests;
