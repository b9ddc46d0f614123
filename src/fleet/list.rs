//! One line per member.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::evidence::Evidence;
use super::host::Host;
use super::observe::observe;
use crate::member::{Credential, Mode, expiry};

/// How many members are asked at once.
const AT_ONCE: usize = 64;

/// What a list shows of a member. Texts are answers, not conditions: what is not known says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub mode: Mode,
    /// Whether ks-controller-manager joined it: `yes`, `no` or `suspended`.
    pub joined: &'static str,
    /// Whether it and its KubeSphere answer: `yes` or `no`.
    pub ready: &'static str,
    /// Whether KubeFed reaches it.
    pub federated: &'static str,
    /// Whether the tunnel carries requests; `-` without one.
    pub tunnel: &'static str,
    /// When KubeFed last reached it, RFC 3339; empty if never.
    pub last_seen: String,
    /// When the credential of the host ends, RFC 3339; `never`, or empty if there is none.
    pub expires: String,
    /// What does not fit the host: role, jwtSecret, token age, kinds; empty if all does.
    pub drift: Vec<&'static str>,
}

/// Looks at all members, some at once, in the order of the host.
pub async fn list(host: &Arc<Host>) -> Vec<Evidence> {
    let members: Vec<_> = host.members().cloned().collect();
    let looks = members.into_iter().map(|member| {
        let host = Arc::clone(host);
        async move { observe(&host, &member).await }
    });
    stream::iter(looks).buffered(AT_ONCE).collect().await
}

/// The line of a member; `None` before it is registered.
pub fn line(evidence: &Evidence) -> Option<Line> {
    let member = evidence.registered.as_ref()?;
    let facts = evidence.reached.facts();
    let is_up = facts.is_some_and(|facts| matches!(facts.kubesphere, Some(Ok(_))));
    let kubefed = evidence.kubefed.as_ref();
    let is_federated = kubefed.is_some_and(|state| state.reaches() == Some(Ok(())));
    let last_seen =
        kubefed.and_then(
            |state| {
                if is_federated { state.last_probe.clone() } else { state.since.clone() }
            },
        );
    let mut drift = Vec::new();
    if let Some(facts) = facts {
        let differs = [
            ("unread", facts.role.is_err()),
            ("role", matches!(&facts.role, Ok(Some(role)) if role != "member")),
            ("jwtSecret", facts.same_secret == Some(false)),
            (
                "accessTokenMaxAge",
                matches!(facts.role, Ok(Some(_)))
                    && !matches!(facts.token_max_age.as_deref(), Some("0" | "0s")),
            ),
            ("kinds", !facts.missing_kinds.is_empty()),
            ("uid", member.uid.as_ref().is_some_and(|uid| *uid != facts.uid)),
        ];
        drift.extend(differs.into_iter().filter_map(|(what, differs)| differs.then_some(what)));
    }
    Some(Line {
        name: member.name.clone(),
        mode: member.mode,
        joined: match member.federated.as_ref() {
            _ if !member.is_enabled => "suspended",
            Some(condition) if condition.is_true => "yes",
            _ => "no",
        },
        ready: yes(is_up),
        federated: yes(is_federated),
        tunnel: match member.mode {
            Mode::Direct => "-",
            Mode::Agent => yes(facts.is_some()),
        },
        last_seen: last_seen.unwrap_or_default(),
        expires: member.kubeconfig.as_deref().map_or_else(String::new, |text| end(expiry(text))),
        drift,
    })
}

fn yes(holds: bool) -> &'static str {
    if holds { "yes" } else { "no" }
}

fn end(credential: Credential) -> String {
    match credential {
        Credential::Until(end) => {
            end.to_offset(OffsetDateTime::UNIX_EPOCH.offset()).format(&Rfc3339).unwrap_or_default()
        }
        Credential::Unlimited => "never".to_owned(),
        Credential::Missing => String::new(),
    }
}
