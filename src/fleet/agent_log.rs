//! What the agent of a member says about its connection: nobody else sees Tower from a pod of the member.

use super::host::{is_ready, name};
use crate::cluster::{Cluster, Kind, LogOptions, Selection};
use crate::member::AGENT;
use crate::object::{Scrubber, kubesphere};

/// The end of the log that is read.
const LINES: i64 = 20;

/// Why the agent of a member cannot connect to Tower, as it said last; `None` if it does not complain, or its log cannot
/// be read.
pub async fn agent_complaint(member: &Cluster) -> Option<String> {
    let own = Selection::within(Some(kubesphere::SYSTEM))
        .labelled(format!("app.kubernetes.io/name={AGENT}"));
    let pods = member.list(&Kind::new("", "v1", "Pod"), &own).await.ok()?;
    let pod = pods.iter().find(|pod| is_ready(pod)).or(pods.first())?;
    let options = LogOptions { tail: Some(LINES), ..LogOptions::default() };
    let lines = member.log_lines(kubesphere::SYSTEM, &name(pod), &options).await.ok()?;
    complaint(&lines).map(|text| Scrubber::new().text(text))
}

/// The last warning or error: `W1201 16:10:05.123456       1 agent.go:144] Connection error: dial tcp …` (klog, Tower's agent
/// v0.2.1), unless it has connected since.
fn complaint(lines: &[String]) -> Option<&str> {
    for line in lines.iter().rev() {
        let Some((head, text)) = line.split_once("] ") else { continue };
        if text.starts_with("Connected") {
            return None;
        }
        if head.starts_with(['W', 'E']) && !text.starts_with("Retrying in") {
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> Option<String> {
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        complaint(&lines).map(str::to_owned)
    }

    #[test]
    fn the_last_complaint_counts_until_it_has_connected() {
        let error =
            "W1201 16:10:05.1 1 agent.go:144] Connection error: dial tcp: lookup t: no such host";
        let retry = "W1201 16:10:05.2 1 agent.go:151] Retrying in 1s...";
        let expected = "Connection error: dial tcp: lookup t: no such host";
        assert_eq!(said(&[error, retry]).as_deref(), Some(expected));
        let refused =
            "E1201 16:10:06.1 1 agent.go:205] Authentication failed ssh: unable to authenticate";
        let expected = "Authentication failed ssh: unable to authenticate";
        assert_eq!(said(&[error, retry, refused]).as_deref(), Some(expected));
        let connected = "I1201 16:10:07.1 1 agent.go:230] Connected (Latency 2ms)";
        assert_eq!(said(&[error, connected]), None);
        assert_eq!(said(&["I1201 16:10:04.0 1 agent.go:41] Server set to ws://t", ""]), None);
    }
}
