//! Error responses of an API server (`metav1.Status`) and their kinds.

use serde_json::Value;

use super::error::{ErrorKind, FieldOwner};

/// The relevant fields of a `metav1.Status`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Status {
    pub(super) code: u16,
    reason: String,
    pub(super) message: String,
    /// `reason`, `message`, `field` of each cause.
    causes: Vec<(String, String, String)>,
    /// The resource.
    kind: String,
    /// The seconds to wait, from `details`.
    pub(super) retry_after: Option<u64>,
}

impl Status {
    /// Reads the body of a response; `None` if it is not from an API server.
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

    /// The kind: by code, reason and cause, or by message if nothing else distinguishes it.
    pub(super) fn kind(&self) -> ErrorKind {
        let says = |text: &str| self.message.contains(text);
        let has = |cause: &str| self.causes.iter().any(|(reason, ..)| reason == cause);
        match self.code {
            401 => ErrorKind::Unauthorized,
            403 if has("NamespaceTerminating") => ErrorKind::Terminating,
            // A webhook may word its refusal as RBAC does.
            403 if says("admission webhook") && says("denied the request") => ErrorKind::Refused,
            // RBAC says `is forbidden: User "x" cannot …`; quotas, Pod Security and policies do not.
            403 if says("cannot ") || says("attempting to grant RBAC permissions") => {
                ErrorKind::Forbidden
            }
            403 => ErrorKind::Refused,
            404 if self.is_about_the_path() => ErrorKind::NotServed,
            404 => ErrorKind::NotFound,
            405 if says("custom resource definition is terminating") => ErrorKind::Terminating,
            409 if has("FieldManagerConflict") => ErrorKind::Owned(self.owners()),
            409 if says("object is being deleted") => ErrorKind::Terminating,
            409 if self.reason == "AlreadyExists" => ErrorKind::Exists,
            409 if says("resourcequota") => ErrorKind::Unavailable,
            409 => ErrorKind::Changed,
            410 => ErrorKind::Expired,
            429 => ErrorKind::Busy,
            // A manifest that does not match its schema.
            500 if says("failed to create typed patch object") => ErrorKind::Invalid,
            500 if says("failed calling webhook") || says("conversion webhook") => {
                ErrorKind::Webhook
            }
            500 if says("database space exceeded") => ErrorKind::Full,
            500 if says("etcdserver:") || says("raft proposal") || says("leader changed") => {
                ErrorKind::Unavailable
            }
            503 | 504 => ErrorKind::Unavailable,
            500.. => ErrorKind::Server,
            _ if says("admission webhook") && says("denied the request") => ErrorKind::Refused,
            _ => ErrorKind::Invalid,
        }
    }

    /// Whether the kind, not the object, was not found.
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

    fn kind(code: u16, body: &Value) -> ErrorKind {
        let mut body = body.clone();
        body["kind"] = json!("Status");
        Status::read(code, body.to_string().as_bytes()).unwrap().kind()
    }

    #[test]
    fn each_response_has_its_kind() {
        let named = json!({"kind": "deployments", "name": "a"});
        let rows = [
            (401, json!({"message": "Unauthorized"}), ErrorKind::Unauthorized),
            (
                403,
                json!({"message": "secrets is forbidden: User \"a\" cannot list resource"}),
                ErrorKind::Forbidden,
            ),
            (
                403,
                json!({"message": "pods \"a\" is forbidden: exceeded quota: q"}),
                ErrorKind::Refused,
            ),
            (
                403,
                json!({"message": "pods \"a\" is forbidden: violates PodSecurity \"restricted\""}),
                ErrorKind::Refused,
            ),
            (
                403,
                json!({"message": "admission webhook \"p\" denied the request: you cannot do this"}),
                ErrorKind::Refused,
            ),
            (
                403,
                json!({"message": "x", "details": {"causes": [{"reason": "NamespaceTerminating"}]}}),
                ErrorKind::Terminating,
            ),
            (
                404,
                json!({"message": "deployments \"a\" not found", "details": named}),
                ErrorKind::NotFound,
            ),
            (
                404,
                json!({"message": "the server could not find the requested resource"}),
                ErrorKind::NotServed,
            ),
            (
                405,
                json!({"message": "create not allowed while custom resource definition is terminating"}),
                ErrorKind::Terminating,
            ),
            (
                409,
                json!({"message": "Operation cannot be fulfilled on x", "reason": "Conflict"}),
                ErrorKind::Changed,
            ),
            (
                409,
                json!({"message": "x already exists", "reason": "AlreadyExists"}),
                ErrorKind::Exists,
            ),
            (
                409,
                json!({"message": "object is being deleted: x already exists", "reason": "AlreadyExists"}),
                ErrorKind::Terminating,
            ),
            (
                409,
                json!({"message": "Operation cannot be fulfilled on resourcequotas", "reason": "Conflict"}),
                ErrorKind::Unavailable,
            ),
            (422, json!({"message": "spec.selector: field is immutable"}), ErrorKind::Invalid),
            (429, json!({"message": "too many requests"}), ErrorKind::Busy),
            (
                500,
                json!({"message": "failed to create typed patch object (/a; v1)"}),
                ErrorKind::Invalid,
            ),
            (
                500,
                json!({"message": "Internal error occurred: failed calling webhook \"a\""}),
                ErrorKind::Webhook,
            ),
            (500, json!({"message": "etcdserver: leader changed"}), ErrorKind::Unavailable),
            (500, json!({"message": "etcdserver: mvcc: database space exceeded"}), ErrorKind::Full),
            (500, json!({"message": "boom"}), ErrorKind::Server),
            (
                400,
                json!({"message": "admission webhook \"a\" denied the request: no"}),
                ErrorKind::Refused,
            ),
            (503, json!({"message": "apiserver is shutting down"}), ErrorKind::Unavailable),
        ];
        for (code, body, expected) in rows {
            assert_eq!(kind(code, &body), expected, "{code} {body}");
        }
    }

    #[test]
    fn a_conflict_names_fields_and_managers() {
        let body = json!({"message": "Apply failed with 1 conflict", "reason": "Conflict", "details": {"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"kubectl-set\" using apps/v1", "field": ".spec.replicas"},
        ]}});
        let owner = FieldOwner { manager: "kubectl-set".into(), field: ".spec.replicas".into() };
        assert_eq!(kind(409, &body), ErrorKind::Owned(vec![owner]));
    }

    #[test]
    fn a_response_that_is_not_from_an_api_server_is_no_status() {
        assert_eq!(Status::read(502, b"<html>Bad Gateway</html>"), None);
        assert_eq!(Status::read(500, b"{\"kind\": \"Pod\"}"), None);
        assert_eq!(Status::read(500, b""), None);
    }
}
