//! Placeholders of values that are not generated yet: sent to the API server in a form that it accepts, so that
//! a dry run shows what a run will do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::values::AT_INSTALL;

/// A certificate in place of one that is not generated yet. Nobody has its key.
const CERTIFICATE: &str = include_str!("placeholder.pem");
/// The API server reads certificates from these fields.
const CA_BUNDLE: &str = "caBundle";

/// A body whose placeholders the API server accepts: `data` of a Secret and `caBundle` are base64.
pub(super) fn sendable(mut body: Value) -> Value {
    if body["kind"] == "Secret"
        && let Some(data) = body.get_mut("data").and_then(Value::as_object_mut)
    {
        data.values_mut()
            .for_each(|value| replace(value, AT_INSTALL, &STANDARD.encode(AT_INSTALL)));
    }
    in_bundles(&mut body, AT_INSTALL, &STANDARD.encode(CERTIFICATE));
    body
}

/// The answer to it, with placeholders as ksi shows them.
pub(super) fn shown(mut answer: Value) -> Value {
    if answer["kind"] == "Secret"
        && let Some(data) = answer.get_mut("data").and_then(Value::as_object_mut)
    {
        data.values_mut()
            .for_each(|value| replace(value, &STANDARD.encode(AT_INSTALL), AT_INSTALL));
    }
    in_bundles(&mut answer, &STANDARD.encode(CERTIFICATE), AT_INSTALL);
    answer
}

fn in_bundles(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if key == CA_BUNDLE {
                    replace(value, from, to);
                }
                in_bundles(value, from, to);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| in_bundles(item, from, to)),
        _ => {}
    }
}

fn replace(value: &mut Value, from: &str, to: &str) {
    if value == from {
        *value = to.into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_are_sent_as_base64_and_shown_as_they_are() {
        let secret = json!({"kind": "Secret", "data": {"a": AT_INSTALL, "b": "eA=="}});
        let sent = sendable(secret.clone());
        assert_eq!(
            STANDARD.decode(sent["data"]["a"].as_str().unwrap()).unwrap(),
            AT_INSTALL.as_bytes()
        );
        assert_eq!(sent["data"]["b"], "eA==");
        assert_eq!(shown(sent), secret);

        // Kubernetes fills it: even an empty field would be taken over.
        let token = json!({"kind": "Secret", "type": "kubernetes.io/service-account-token"});
        assert_eq!(sendable(token.clone()), token);
        assert_eq!(shown(token.clone()), token);

        let webhook =
            json!({"webhooks": [{"clientConfig": {"caBundle": AT_INSTALL}}], "other": AT_INSTALL});
        let sent = sendable(webhook.clone());
        let bundle = sent["webhooks"][0]["clientConfig"]["caBundle"].as_str().unwrap();
        assert!(STANDARD.decode(bundle).unwrap().starts_with(b"-----BEGIN CERTIFICATE-----"));
        assert_eq!(sent["other"], AT_INSTALL);
        assert_eq!(shown(sent), webhook);
    }
}
