//! The certificate of ksi's own admission webhook.

use std::time::SystemTime;

use super::certificate::{Pair, Served};
use super::resolve::{RENEWED_BEFORE, Resolution, date, read_authority};
use super::{Certificate, Entropy, Error, KeyKind, StoredValues};
use crate::object::kubesphere;

/// The authority: `ca.crt` and `ca.key` of the Secret.
const AUTHORITY: &str = "ca";
/// What is served: `tls.crt` and `tls.key`.
const SERVING: &str = "tls";
const SERVICE: Served = Served { service: kubesphere::INSTALLER, namespace: kubesphere::SYSTEM };

/// What the webhook serves with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// The certificate of the authority, PEM: the `caBundle`.
    pub authority: String,
    /// The serving certificate and its key.
    pub serving: Certificate,
    /// When that expires.
    pub expires: SystemTime,
    /// When it is to be renewed.
    pub renewal: SystemTime,
}

/// The stored certificate, or a new one if it is missing, damaged or about to expire; and what is to be stored.
/// Nobody trusts its authority but the API server, which is told of a new one.
///
/// # Errors
/// It cannot be generated.
pub fn admission(
    stored: &StoredValues,
    entropy: &mut dyn Entropy,
    now: SystemTime,
) -> Result<(Admission, StoredValues), Error> {
    let now = date(now)?;
    let mut run = Resolution { stored: stored.clone(), entropy: Some(&mut *entropy), now };
    match resolved(&mut run) {
        Err(Error::Damaged { .. }) => {
            let stored = StoredValues::default();
            let mut run = Resolution { stored, entropy: Some(entropy), now };
            resolved(&mut run).map(|admission| (admission, run.stored))
        }
        resolved => resolved.map(|admission| (admission, run.stored)),
    }
}

fn resolved(run: &mut Resolution<'_>) -> Result<Admission, Error> {
    let stored = run.pair(AUTHORITY)?;
    let durable = match &stored {
        Some(live) => run.is_durable(read_authority(AUTHORITY, live)?.not_after),
        None => false,
    };
    let authority = match stored.filter(|_| durable) {
        Some(live) => live,
        None => run.new_authority(AUTHORITY, "ksi-webhook", KeyKind::EcdsaP256)?,
    };
    let serving = run.serving(SERVING, SERVICE, &authority)?;
    let expires = Pair::read(SERVING, &serving.certificate, &serving.key)?.not_after;
    let renewal = expires - RENEWED_BEFORE;
    Ok(Admission {
        authority: authority.certificate,
        serving,
        expires: expires.into(),
        renewal: renewal.into(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::certificate::is_signed_by;
    use super::super::entropy::fixed::Fixed;
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn at(day: u32) -> SystemTime {
        SystemTime::UNIX_EPOCH + DAY * (20_000 + day)
    }

    fn first() -> (Admission, StoredValues) {
        admission(&StoredValues::default(), &mut Fixed::new(1), at(0)).unwrap()
    }

    fn later(stored: &StoredValues, day: u32) -> (Admission, StoredValues) {
        admission(stored, &mut Fixed::new(9), at(day)).unwrap()
    }

    #[test]
    fn it_is_kept_until_a_month_before_it_expires() {
        let (made, stored) = first();
        assert_eq!(stored.0.keys().collect::<Vec<_>>(), ["ca.crt", "ca.key", "tls.crt", "tls.key"]);
        assert!(is_signed_by(&made.serving.certificate, &made.authority));
        let pair = Pair::read("tls", &made.serving.certificate, &made.serving.key).unwrap();
        assert!(pair.names.contains("ks-installer.kubesphere-system.svc"));
        assert_eq!(made.expires, made.renewal + 30 * DAY);
        assert_eq!(stored.expiries()[1], ("tls".to_owned(), made.expires));
        let (kept, unchanged) = later(&stored, 1_790);
        assert_eq!(
            (kept.serving.certificate, unchanged),
            (made.serving.certificate, stored.clone())
        );
    }

    #[test]
    fn a_renewed_one_is_signed_by_the_same_authority_while_that_lasts() {
        let (made, stored) = first();
        let (renewed, stored) = later(&stored, 1_800);
        assert_ne!(renewed.serving.certificate, made.serving.certificate);
        assert_eq!(renewed.authority, made.authority);
        assert!(is_signed_by(&renewed.serving.certificate, &made.authority));
        let (last, _) = later(&stored, 3_640);
        assert_ne!(last.authority, made.authority);
        assert!(is_signed_by(&last.serving.certificate, &last.authority));
    }

    #[test]
    fn a_damaged_one_is_replaced() {
        let (made, stored) = first();
        for (name, text) in [("ca.crt", "no PEM"), ("tls.key", ""), ("tls.crt", &made.authority)] {
            let mut damaged = stored.clone();
            damaged.0.insert(name.to_owned(), text.to_owned());
            let (new, stored) = later(&damaged, 1);
            assert!(is_signed_by(&new.serving.certificate, &new.authority), "{name}");
            assert_eq!(later(&stored, 2).1, stored, "{name}");
        }
        let mut damaged = stored.clone();
        damaged.0.remove("ca.key");
        assert_eq!(later(&damaged, 1).1.0.len(), 4);
    }
}
