//! Which mistakes a request would add, and what is worth a warning.

use serde_json::Value;

use super::request::Request;
use super::warnings;
use crate::config::{Problem, problems};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Sources};
use crate::install::Source;
use crate::yaml::{Path, Step};

/// What is to be said about a request.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    /// Why it is refused; empty if it is not.
    pub(super) errors: Vec<Problem>,
    /// What kubectl prints as `Warning:`.
    pub(super) warnings: Vec<String>,
}

/// Checks what a request would store.
pub(super) fn judge(request: &Request) -> Judgement {
    if !request.changes_spec() {
        return Judgement::default();
    }
    // What ksi stores, it has checked, and its user may have allowed unknown keys.
    let (found, sources) = examine(&request.object, request.is_own);
    let before = if found.has_errors() { errors_before(request) } else { Vec::new() };
    let located = problems(&found, &sources);
    let (mut errors, mut warned) = (Vec::new(), Diagnostics::default());
    for (diagnostic, problem) in found.into_iter().zip(located) {
        if diagnostic.severity == Severity::Error && !stood_before(&problem, request, &before) {
            errors.push(problem);
        } else {
            warned.push(Diagnostic { severity: Severity::Warning, ..diagnostic });
        }
    }
    let mut warnings = warnings::texts(&warned, &sources);
    if errors.is_empty() && !before.is_empty() && examine(&request.object, true).0.has_errors() {
        warnings.insert(0, warnings::NOT_APPLIED.to_owned());
    }
    Judgement { errors, warnings }
}

/// Everything that is wrong with an object.
fn examine(object: &Value, allow_unknown: bool) -> (Diagnostics, Sources) {
    let draft = Source { allow_unknown, ..Source::of_cluster(object) }.load();
    (draft.examine(), draft.loaded.sources)
}

/// The mistakes that are stored already.
fn errors_before(request: &Request) -> Vec<Problem> {
    let Some(old) = &request.old else { return Vec::new() };
    let (found, sources) = examine(old, request.is_own);
    let mut before = problems(&found, &sources);
    before.retain(|problem| problem.severity == Severity::Error);
    before
}

/// Whether the same mistake is stored already. An unknown key has no effect, whatever its value is; any other mistake
/// is another one if the value is.
fn stood_before(problem: &Problem, request: &Request, before: &[Problem]) -> bool {
    let Some(old) = &request.old else { return false };
    let same_value = || match &problem.field {
        _ if matches!(problem.code, Code::UnknownField | Code::MisplacedField) => true,
        Some(field) => at(&request.object, field) == at(old, field),
        None => true,
    };
    before.contains(problem) && same_value()
}

fn at<'v>(object: &'v Value, path: &Path) -> Option<&'v Value> {
    path.0.iter().try_fold(object, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(index) => value.get(index),
    })
}
