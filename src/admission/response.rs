//! The answer to the API server.

use serde_json::{Value, json};

use super::check::Judgement;
use super::request::Request;
use crate::config::{self, Problem};
use crate::object::counted;

/// Mistakes that are listed one by one.
const MOST: usize = 20;

/// The `AdmissionReview` with the response.
///
/// A refusal has the form of Kubernetes' own validation: kubectl lists the causes, and `kubectl edit` opens the
/// editor again with them. Other clients show the message.
pub(super) fn review(request: &Request, judgement: &Judgement) -> Value {
    let Judgement { errors, warnings } = judgement;
    let mut response = json!({"uid": request.uid, "allowed": errors.is_empty()});
    if !errors.is_empty() {
        response["status"] = status(request, errors);
    }
    if !warnings.is_empty() {
        response["warnings"] = json!(warnings);
    }
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response})
}

fn status(request: &Request, errors: &[Problem]) -> Value {
    let listed = &errors[..errors.len().min(MOST)];
    let more = errors.len() - listed.len();
    let more =
        (more > 0).then(|| format!("{}: `ksi validate` shows all", counted(more, "more mistake")));
    let lines: Vec<String> = listed.iter().map(ToString::to_string).chain(more.clone()).collect();
    let cause = |problem: &Problem| {
        let field = problem.field.as_ref().map_or_else(|| "spec".to_owned(), ToString::to_string);
        let message = format!("{} ({})", problem.message, problem.code);
        json!({"reason": "FieldValueInvalid", "field": field, "message": message})
    };
    let more = more
        .map(|message| json!({"reason": "FieldValueInvalid", "field": "spec", "message": message}));
    let causes: Vec<Value> = listed.iter().map(cause).chain(more).collect();
    json!({
        "status": "Failure",
        "reason": "Invalid",
        "code": 422,
        "message": lines.join("\n"),
        "details": {
            "group": config::GROUP,
            "kind": config::KIND,
            "name": request.object["metadata"]["name"],
            "causes": causes,
        },
    })
}
