//! What requests may do, and the tokens for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::HeaderValue;
use serde::Deserialize;
use tokio::time::Instant;

use super::reference::Repository;

/// How long a token is valid if the server does not say it, as in the specification.
const DEFAULT_LIFE: u64 = 60;
/// A token is renewed while it is valid for this long: a request with it is still under way.
const MARGIN: Duration = Duration::from_secs(10);

/// What a request has to be allowed to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Access {
    /// The registry.
    pub(super) registry: String,
    /// The repository, for credentials that are only for a part of the registry.
    pub(super) path: String,
    /// In the words of token servers.
    pub(super) scopes: Vec<String>,
}

impl Access {
    /// Only to see whether somebody answers.
    pub(super) fn none(registry: &str) -> Self {
        Self { registry: registry.to_owned(), path: String::new(), scopes: Vec::new() }
    }

    pub(super) fn pull(repository: &Repository) -> Self {
        Self::of(repository, "pull")
    }

    pub(super) fn push(repository: &Repository) -> Self {
        Self::of(repository, "pull,push")
    }

    /// To push what another repository of the same registry has.
    pub(super) fn mount(to: &Repository, from: &Repository) -> Self {
        let mut access = Self::push(to);
        access.scopes.push(format!("repository:{}:pull", from.path()));
        access
    }

    fn of(repository: &Repository, actions: &str) -> Self {
        Self {
            registry: repository.registry().to_owned(),
            path: repository.path().to_owned(),
            scopes: vec![format!("repository:{}:{actions}", repository.path())],
        }
    }
}

/// What proves a right.
#[derive(Clone)]
pub(super) struct Grant {
    /// The value of `Authorization`.
    pub(super) header: HeaderValue,
    until: Option<Instant>,
}

impl Grant {
    /// User and password in each request.
    pub(super) fn basic(user: &str, password: &str) -> Option<Self> {
        let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
        Some(Self { header: secret(&format!("Basic {pair}"))?, until: None })
    }

    /// A token that is valid until it is refused.
    pub(super) fn bearer(token: &str) -> Option<Self> {
        Some(Self { header: secret(&format!("Bearer {token}"))?, until: None })
    }

    /// The response of a token server.
    pub(super) fn answer(text: &[u8]) -> Option<Self> {
        let answer: Answer = serde_json::from_slice(text).ok()?;
        let token = answer.token.or(answer.access_token).filter(|token| !token.is_empty())?;
        let life = answer.expires_in.filter(|life| *life > 0).unwrap_or(DEFAULT_LIFE);
        // More than a year is forever.
        let life = Duration::from_secs(life.min(31_536_000));
        Some(Self { until: Some(Instant::now() + life), ..Self::bearer(&token)? })
    }

    fn is_valid(&self) -> bool {
        self.until.is_none_or(|until| until > Instant::now() + MARGIN)
    }
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

/// A header that no log shows.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The place of one grant. Its lock is held while it is renewed, so that many requests ask for it once.
pub(super) type Slot = Arc<tokio::sync::Mutex<Option<Grant>>>;

/// The grants that were given out.
#[derive(Default)]
pub(super) struct Grants(Mutex<HashMap<Access, Slot>>);

impl Grants {
    /// The place for what is needed for this.
    pub(super) fn slot(&self, access: &Access) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(access.clone()).or_default())
    }

    /// What is known to allow this.
    pub(super) async fn known(&self, access: &Access) -> Option<HeaderValue> {
        let slot = self.slot(access);
        let grant = slot.lock().await;
        grant.as_ref().filter(|grant| grant.is_valid()).map(|grant| grant.header.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_token_is_used_until_shortly_before_its_end() {
        let life = |text: &str| {
            let grant = Grant::answer(text.as_bytes()).unwrap();
            grant.until.unwrap().duration_since(Instant::now()).as_secs()
        };
        assert_eq!(life(r#"{"token": "a"}"#), 60);
        assert_eq!(life(r#"{"access_token": "a", "expires_in": 300}"#), 300);
        let grant = Grant::answer(br#"{"token": "a", "expires_in": 30}"#).unwrap();
        assert!(grant.is_valid() && grant.header.is_sensitive());
        tokio::time::advance(Duration::from_secs(21)).await;
        assert!(!grant.is_valid());
        for wrong in ["", "{}", r#"{"token": ""}"#, r#"{"token": "a\nb"}"#] {
            assert!(Grant::answer(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }
}
