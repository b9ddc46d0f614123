//! What stands in the way of an installation, as the status and the log show it. Pure.

use std::fmt::Display;

use serde_json::{Value, json};

use crate::check::{Outcome, Row};
use crate::cluster::ErrorKind as ClusterKind;
use crate::diagnostic::{Diagnostic, Severity};
use crate::install::{Error, Rejected, restricted};
use crate::object::SettingNames;
use crate::status::{Report, State};
use crate::target::{ErrorKind, Finding};
use crate::{config, target};

/// How many of them the status has.
pub(super) const MOST: usize = 5;

/// One obstacle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is about.
    pub object: String,
    /// A stable word or number: `KSI0012`, `ImagePullBackOff`.
    pub code: String,
    /// What is wrong.
    pub reason: String,
    /// What to do next.
    pub remedy: String,
}

impl Problem {
    pub(super) fn json(&self) -> Value {
        let Self { object, code, reason, remedy } = self;
        json!({"object": object, "code": code, "reason": reason, "remedy": remedy})
    }

    /// One line.
    pub fn text(&self) -> String {
        let Self { object, code, reason, remedy } = self;
        let next = if remedy.is_empty() { String::new() } else { format!("; next: {remedy}") };
        format!("{object}: {code}: {reason}{next}")
    }

    pub(super) fn of_finding(finding: &Finding) -> Self {
        Self {
            object: finding.object.to_string(),
            code: finding.reason.clone(),
            reason: finding.message.clone(),
            remedy: finding.next_step.clone(),
        }
    }
}

/// All of them in one text.
pub(super) fn text(problems: &[Problem]) -> String {
    problems.iter().map(Problem::text).collect::<Vec<_>>().join("; ")
}

/// Every mistake of a configuration, with its field.
pub(super) fn of_rejected(rejected: &Rejected) -> Vec<Problem> {
    let errors = rejected.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    let errors: Vec<&Diagnostic> = errors.collect();
    let places = config::problems(errors.iter().copied(), &rejected.sources);
    let problems = errors.into_iter().zip(places);
    problems.map(|(found, place)| of_diagnostic(found, place.field)).collect()
}

fn of_diagnostic(found: &Diagnostic, field: Option<impl Display>) -> Problem {
    let field = field.map_or_else(String::new, |field| format!("{field}: "));
    let label = found.label.as_ref().map_or_else(String::new, |label| format!(": {label}"));
    Problem {
        object: configuration(),
        code: found.code.to_string(),
        reason: format!("{field}{}{label}", found.message),
        remedy: found.help.join("; "),
    }
}

/// What a failed check of the preflight says.
pub(super) fn of_check(row: &Row) -> Option<Problem> {
    let Outcome::Error(reason) = &row.outcome else { return None };
    Some(Problem {
        object: "preflight".to_owned(),
        code: row.about.id.to_owned(),
        reason: reason.clone(),
        remedy: row.help(),
    })
}

/// Why a run failed as a whole.
pub(super) fn of_error(error: &Error) -> Problem {
    let (object, code, remedy) = match error {
        Error::Target(error) => (error.place.clone(), word(error.kind), error.help.clone()),
        Error::Engine(error) => {
            let code = error.kind().map_or_else(|| "Failed".to_owned(), word);
            (configuration(), code, error.help(SettingNames::default()).into_owned())
        }
        Error::Cluster(error) => {
            let target = target::Error::from(error.clone());
            (error.place.clone(), word(target.kind), error.help.clone())
        }
        Error::SecretRef(missing) => {
            let remedy = format!("create the Secret with key {}", missing.key);
            (missing.secret.to_string(), "SecretMissing".to_owned(), remedy)
        }
        Error::SecretRefUnusable { secret, .. } => {
            let remedy = "put the jwtSecret of the host into it".to_owned();
            (secret.to_string(), "SecretUnusable".to_owned(), remedy)
        }
        Error::Restricted(fields) => {
            (configuration(), "Restricted".to_owned(), restricted::allow(fields))
        }
        Error::Preflight(_) => (configuration(), "Preflight".to_owned(), String::new()),
        _ => (configuration(), "Failed".to_owned(), String::new()),
    };
    Problem { object, code, reason: error.to_string(), remedy }
}

/// Whether an error may have passed the next time; `None` if it waits for an edit.
pub(super) fn may_pass(error: &Error) -> bool {
    let passes = |kind: ErrorKind| {
        !matches!(kind, ErrorKind::Invalid | ErrorKind::Damaged | ErrorKind::Full)
    };
    match error {
        Error::Target(error) => passes(error.kind),
        Error::Engine(error) => error.kind().is_some_and(passes),
        Error::Cluster(error) => {
            !matches!(error.kind, ClusterKind::Invalid | ClusterKind::Refused | ClusterKind::Usage)
        }
        // What a check of the cluster finds can be repaired there, a field may be free again, and an administrator
        // may allow a value.
        Error::Preflight(_)
        | Error::Restricted(_)
        | Error::WebhooksUnread(_)
        | Error::NothingToTake { .. } => true,
        _ => false,
    }
}

/// Whether a run failed because something did not become healthy in time.
pub(super) fn is_unhealthy(error: &Error) -> bool {
    let kind = match error {
        Error::Engine(error) => error.kind(),
        _ => None,
    };
    matches!(kind, Some(ErrorKind::Unhealthy | ErrorKind::Timeout))
}

/// What is not healthy: pods first, since they say why.
pub(super) fn of_report(report: &Report) -> Vec<Problem> {
    let pods = report.troubles.iter().map(|found| Problem {
        object: found.trouble.object.to_string(),
        code: found.trouble.reason.clone(),
        reason: found.trouble.message.clone(),
        remedy: found.trouble.next_step.clone(),
    });
    let unhealthy = report.components.iter().flat_map(|component| &component.unhealthy);
    let objects = unhealthy.map(|found| Problem {
        object: found.object.to_string(),
        code: state_word(found.state).to_owned(),
        reason: found.reason.clone(),
        remedy: String::new(),
    });
    pods.chain(objects).take(MOST).collect()
}

/// A state as conditions and components have it.
pub(super) fn state_word(state: State) -> &'static str {
    match state {
        State::Healthy => "Healthy",
        State::Progressing => "Progressing",
        State::Missing => "Missing",
        State::Failed => "Failed",
    }
}

fn word(kind: ErrorKind) -> String {
    kind.as_str().to_owned()
}

/// The name of the ClusterConfiguration in messages.
pub(super) fn configuration() -> String {
    format!("{}/{}/{}", config::KIND, config::NAMESPACE, config::NAME)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::install::Source;

    #[test]
    fn a_mistake_is_told_with_its_field() {
        let body = json!({
            "apiVersion": config::API_VERSION, "kind": config::KIND,
            "metadata": {"name": config::NAME, "namespace": config::NAMESPACE},
            "spec": {"common": {"core": {"console": {"port": 99_999}}}},
        });
        let Err(Error::Rejected(rejected)) = Source::of_cluster(&body).load().precheck() else {
            panic!("it is valid")
        };
        let problems = of_rejected(&rejected);
        assert_eq!(problems.len(), 1, "{problems:?}");
        let reason = &problems[0].reason;
        assert!(reason.starts_with("spec.common.core.console.port: "), "{reason}");
    }
}
