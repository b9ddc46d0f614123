//! What an API server says about a failed request (`metav1.Status`), and which problem that is.

use serde_json::Value;

use super::error::{FieldOwner, Problem};

/// The parts of a `metav1.Status` that matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Status {
    pub(super) code: u16,
    reason: String,
    pub(super) message: String,
    /// `reason`, `message`, `field` of each cause.
    causes: Vec<(String, String, String)>,
    /// The resource that it is about.
    kind: String,
    /// Seconds to wait, as `details` or the header say.
    pub(super) retry_after: Option<u64>,
}

impl Status {
    /// Reads the body of an answer; `None` when it is not from an API server.
    pub(super) fn read(code: u16, body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        if body["kind"] != "Status" {
            return None;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let causes = body["details"]["causes"].as_array();
        Some(Self {
            code,
            reason: text(&body["reason"]),
            message: text(&body["message"]),
            causes: causes
                .into_iter()
                .flatten()
                .map(|c| (text(&c["reason"]), text(&c["message"]), text(&c["field"])))
                .collect(),
            kind: text(&body["details"]["kind"]),
            retry_after: body["details"]["retryAfterSeconds"].as_u64(),
        })
    }

    /// Which problem it is: by code, reason and cause, and by text where the server has nothing else.
    pub(super) fn problem(&self) -> Problem {
        let says = |text: &str| self.message.contains(text);
        let has = |cause: &str| self.causes.iter().any(|(reason, ..)| reason == cause);
        match self.code {
            401 => Problem::Unauthorized,
            403 if has("NamespaceTerminating") => Problem::Terminating,
            // RBAC says `is forbidden: User "x" cannot …`; quotas, Pod Security and policies do not.
            403 if says("cannot ") || says("attempting to grant RBAC permissions") => {
                Problem::Forbidden
            }
            403 => Problem::Refused,
            404 if self.is_about_the_path() => Problem::NotServed,
            404 => Problem::NotFound,
            405 if says("custom resource definition is terminating") => Problem::Terminating,
            409 if has("FieldManagerConflict") => Problem::Owned(self.owners()),
            409 if says("object is being deleted") => Problem::Terminating,
            409 if self.reason == "AlreadyExists" => Problem::Exists,
            409 if says("resourcequota") => Problem::Unavailable,
            409 => Problem::Changed,
            410 => Problem::Expired,
            429 => Problem::Busy,
            // A manifest that its schema cannot hold: the server's own words for a bad request.
            500 if says("failed to create typed patch object") => Problem::Invalid,
            500 if says("failed calling webhook") || says("conversion webhook") => Problem::Webhook,
            500 if says("database space exceeded") => Problem::Full,
            500 if says("etcdserver:") || says("raft proposal") || says("leader changed") => {
                Problem::Unavailable
            }
            503 | 504 => Problem::Unavailable,
            500.. => Problem::Server,
            _ if says("admission webhook") && says("denied the request") => Problem::Refused,
            _ => Problem::Invalid,
        }
    }

    /// `the server could not find the requested resource`: no such kind, rather than no such object.
    fn is_about_the_path(&self) -> bool {
        self.kind.is_empty() || self.message.contains("could not find the requested resource")
    }

    /// The other managers in a conflict, by field: the message of a cause is
    /// `conflict with "kubectl" using apps/v1`.
    fn owners(&self) -> Vec<FieldOwner> {
        let conflicts = self.causes.iter().filter(|(reason, ..)| reason == "FieldManagerConflict");
        conflicts
            .map(|(_, message, field)| FieldOwner {
                manager: message.split('"').nth(1).unwrap_or(message).to_owned(),
                field: field.clone(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(code: u16, body: &Value) -> Problem {
        let mut body = body.clone();
        body["kind"] = json!("Status");
        Status::read(code, body.to_string().as_bytes()).unwrap().problem()
    }

    #[test]
    fn each_answer_has_its_problem() {
        let named = json!({"kind": "deployments", "name": "a"});
        let rows = [
            (401, json!({"message": "Unauthorized"}), Problem::Unauthorized),
            (
                403,
                json!({"message": "secrets is forbidden: User \"a\" cannot list resource"}),
                Problem::Forbidden,
            ),
            (
                403,
                json!({"message": "pods \"a\" is forbidden: exceeded quota: q"}),
                Problem::Refused,
            ),
            (
                403,
                json!({"message": "pods \"a\" is forbidden: violates PodSecurity \"restricted\""}),
                Problem::Refused,
            ),
            (
                403,
                json!({"message": "x", "details": {"causes": [{"reason": "NamespaceTerminating"}]}}),
                Problem::Terminating,
            ),
            (
                404,
                json!({"message": "deployments \"a\" not found", "details": named}),
                Problem::NotFound,
            ),
            (
                404,
                json!({"message": "the server could not find the requested resource"}),
                Problem::NotServed,
            ),
            (
                405,
                json!({"message": "create not allowed while custom resource definition is terminating"}),
                Problem::Terminating,
            ),
            (
                409,
                json!({"message": "Operation cannot be fulfilled on x", "reason": "Conflict"}),
                Problem::Changed,
            ),
            (
                409,
                json!({"message": "x already exists", "reason": "AlreadyExists"}),
                Problem::Exists,
            ),
            (
                409,
                json!({"message": "object is being deleted: x already exists", "reason": "AlreadyExists"}),
                Problem::Terminating,
            ),
            (
                409,
                json!({"message": "Operation cannot be fulfilled on resourcequotas", "reason": "Conflict"}),
                Problem::Unavailable,
            ),
            (422, json!({"message": "spec.selector: field is immutable"}), Problem::Invalid),
            (429, json!({"message": "too many requests"}), Problem::Busy),
            (
                500,
                json!({"message": "failed to create typed patch object (/a; v1)"}),
                Problem::Invalid,
            ),
            (
                500,
                json!({"message": "Internal error occurred: failed calling webhook \"a\""}),
                Problem::Webhook,
            ),
            (500, json!({"message": "etcdserver: leader changed"}), Problem::Unavailable),
            (500, json!({"message": "etcdserver: mvcc: database space exceeded"}), Problem::Full),
            (500, json!({"message": "boom"}), Problem::Server),
            (
                400,
                json!({"message": "admission webhook \"a\" denied the request: no"}),
                Problem::Refused,
            ),
            (503, json!({"message": "apiserver is shutting down"}), Problem::Unavailable),
        ];
        for (code, body, expected) in rows {
            assert_eq!(problem(code, &body), expected, "{code} {body}");
        }
    }

    #[test]
    fn a_conflict_names_fields_and_managers() {
        let body = json!({"message": "Apply failed with 1 conflict", "reason": "Conflict", "details": {"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"kubectl-set\" using apps/v1", "field": ".spec.replicas"},
        ]}});
        let owner = FieldOwner { manager: "kubectl-set".into(), field: ".spec.replicas".into() };
        assert_eq!(problem(409, &body), Problem::Owned(vec![owner]));
    }

    #[test]
    fn what_no_api_server_says_is_no_status() {
        assert_eq!(Status::read(502, b"<html>Bad Gateway</html>"), None);
        assert_eq!(Status::read(500, b"{\"kind\": \"Pod\"}"), None);
        assert_eq!(Status::read(500, b""), None);
    }
}
