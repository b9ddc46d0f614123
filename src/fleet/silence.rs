//! Whether a member is dead: two have to say so, this machine and somebody in the host.

use std::time::Duration;

use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::Error;
use super::evidence::{MemberFacts, Reached};
use super::host::{Host, cluster_kind, is_ready};
use super::observe::observe;
use super::webhook::Webhook;
use crate::cluster::{Apply, ErrorKind, Kind, Selection};
use crate::member::{KubefedState, Mode, Registered, WEBHOOK};
use crate::object::kubesphere;

/// How old a probe of KubeFed, which probes every ten seconds, may be to say something about now.
const FRESH: Duration = Duration::from_secs(60);
/// How long the answer of the webhook is waited for, beside its own 30 seconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long after a start of Tower the agent of a member that lives has connected again.
const SETTLED: time::Duration = time::Duration::seconds(90);

/// What KubeFed says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Witness {
    /// It reached the member just now.
    Reaches,
    /// It tried just now in vain.
    Silent,
    /// It does not know the member, or has not looked at it lately.
    Unknown,
}

/// Succeeds if a member is silent for this machine, and also for KubeFed; where KubeFed has not looked lately, for
/// ks-controller-manager.
///
/// # Errors
/// It answers one of them, or nobody in the host can tell.
pub(super) async fn is_silent(host: &Host, registered: &Registered) -> Result<(), Error> {
    let name = &registered.name;
    if registered.mode == Mode::Agent {
        // All of them ask through Tower.
        let is_open =
            through_tower(registered.is_enabled, host.tower_pod.is_some(), host.tower_age());
        is_open.map_err(|why| Error::NoWay { name: name.clone(), why })?;
    }
    let answers = |how: &str| Error::Answers { name: name.clone(), how: how.to_owned() };
    let evidence = observe(host, registered).await;
    let is_same = |facts: &MemberFacts| registered.uid.as_ref().is_none_or(|uid| *uid == facts.uid);
    if evidence.reached.facts().is_some_and(is_same) {
        return Err(answers("its API server answers this request"));
    }
    if let Reached::Denied(why) = &evidence.reached {
        return Err(answers(&format!("its API server refuses the credential of the host: {why}")));
    }
    match witness(evidence.kubefed.as_ref(), host.now) {
        Witness::Reaches => return Err(answers("KubeFed reaches it")),
        Witness::Silent => return Ok(()),
        Witness::Unknown => {}
    }
    match dialled(host, registered).await? {
        Some(true) => Err(answers("ks-controller-manager reaches it")),
        Some(false) => Ok(()),
        None => Err(Error::NoWitness {
            name: name.clone(),
            last: evidence.kubefed.and_then(|state| state.last_probe),
        }),
    }
}

fn witness(kubefed: Option<&KubefedState>, now: OffsetDateTime) -> Witness {
    let Some(state) = kubefed else { return Witness::Unknown };
    let probed = state.last_probe.as_ref().and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
    if probed.is_none_or(|at| now - at > FRESH) {
        return Witness::Unknown;
    }
    match state.reaches() {
        Some(Ok(())) => Witness::Reaches,
        Some(Err(_)) => Witness::Silent,
        None => Witness::Unknown,
    }
}

/// Whether ks-controller-manager reaches a member: its webhook dials a member that has joined at each change of its
/// Cluster, also at one that is only a dry run. `None` if it was not asked.
async fn dialled(host: &Host, registered: &Registered) -> Result<Option<bool>, Error> {
    let manager = Selection::within(Some(kubesphere::SYSTEM)).labelled("app=ks-controller-manager");
    let pods = host.cluster.list(&Kind::new("", "v1", "Pod"), &manager).await?;
    let is_asked = host.webhook == Ok(Webhook::Asked);
    if registered.uid.is_none() || !is_asked || !pods.iter().any(is_ready) {
        return Ok(None);
    }
    let id = cluster_kind().named(None, &registered.name);
    let change = json!({
        "apiVersion": id.api_version(), "kind": id.kind,
        "metadata": {"name": id.name, "annotations": {"ksi.kubesphere.io/dialled": "true"}},
    });
    let apply = Apply { dry_run: true, force: true, patience: Some(PATIENCE) };
    match host.cluster.apply(&change, apply).await {
        Ok(_) => Ok(Some(true)),
        Err(error) => match error.kind {
            ErrorKind::Refused | ErrorKind::Webhook | ErrorKind::Timeout => {
                Ok(answered(&error.kind, &error.cause))
            }
            _ => Err(error.into()),
        },
    }
}

/// What a dry run that failed says about the member. Only the webhook that dials it can tell: it quotes an API server that
/// refuses its credential. Other webhooks and quotas know nothing.
fn answered(kind: &ErrorKind, cause: &str) -> Option<bool> {
    match kind {
        ErrorKind::Refused if cause.contains(WEBHOOK) => {
            Some(["Unauthorized", "is forbidden"].iter().any(|said| cause.contains(said)))
        }
        // Where packets are lost, the webhook itself comes to no end.
        ErrorKind::Webhook if cause.contains(WEBHOOK) && cause.contains("deadline exceeded") => {
            Some(false)
        }
        ErrorKind::Timeout => Some(false),
        _ => None,
    }
}

/// Whether a request would get through Tower to a member that lives; otherwise why not.
fn through_tower(
    is_enabled: bool,
    is_ready: bool,
    age: Option<time::Duration>,
) -> Result<(), String> {
    if !is_enabled {
        return Err("it is suspended, so nobody can reach it; `ksi member resume` first".to_owned());
    }
    if !is_ready {
        return Err(
            "no pod of Tower is ready, so that nobody can tell whether it is dead".to_owned()
        );
    }
    match age {
        Some(age) if age < SETTLED => Err(format!(
            "Tower is ready only since {} s, and its agent may not have connected again; try again in a minute",
            age.whole_seconds().max(0)
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn only_the_webhook_that_dials_tells_whether_a_member_answers() {
        let denied = |what: &str| {
            format!(
                "admission webhook \"validating-cluster.kubesphere.io\" denied the request: {what}"
            )
        };
        let refused = |cause: &str| answered(&ErrorKind::Refused, cause);
        assert_eq!(refused(&denied("dial tcp 10.0.0.7:6443: connection refused")), Some(false));
        assert_eq!(refused(&denied("Unauthorized")), Some(true));
        assert_eq!(refused(&denied("namespaces \"kube-system\" is forbidden")), Some(true));
        assert_eq!(refused("admission webhook \"policy.example.com\" denied the request"), None);
        assert_eq!(refused("exceeded quota"), None);
        let failed = |why: &str| {
            let cause =
                format!("failed calling webhook \"validating-cluster.kubesphere.io\": {why}");
            answered(&ErrorKind::Webhook, &cause)
        };
        assert_eq!(failed("context deadline exceeded"), Some(false));
        assert_eq!(failed("no endpoints available for service"), None);
        assert_eq!(answered(&ErrorKind::Timeout, ""), Some(false));
    }

    #[test]
    fn behind_a_tower_that_has_just_started_nobody_is_dead() {
        let seconds = |age| Some(time::Duration::seconds(age));
        assert!(through_tower(true, true, seconds(90)).is_ok());
        assert!(through_tower(true, true, None).is_ok());
        assert!(through_tower(true, true, seconds(89)).unwrap_err().contains("since 89 s"));
        assert!(through_tower(true, false, None).unwrap_err().contains("no pod"));
        assert!(through_tower(false, true, seconds(90)).unwrap_err().contains("suspended"));
    }

    #[test]
    fn an_old_probe_says_nothing() {
        let state = |status: &str, at: &str| {
            KubefedState::of(&json!({"status": {"conditions": [
                {"type": "Ready", "status": status, "lastProbeTime": at}]}}))
        };
        let now = datetime!(2026-01-01 0:01:30 UTC);
        let (fresh, old) = ("2026-01-01T00:01:00Z", "2026-01-01T00:00:00Z");
        assert_eq!(witness(Some(&state("True", fresh)), now), Witness::Reaches);
        assert_eq!(witness(Some(&state("False", fresh)), now), Witness::Silent);
        assert_eq!(witness(Some(&state("True", old)), now), Witness::Unknown);
        assert_eq!(witness(Some(&state("False", old)), now), Witness::Unknown);
        assert_eq!(witness(None, now), Witness::Unknown);
    }
}
