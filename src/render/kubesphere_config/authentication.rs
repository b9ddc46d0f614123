//! Who may log in, for how long, and with which secret tokens are signed.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::render::image::Images;
use crate::render::spec::Spec;
use crate::values::Values;

/// How long an access token lives on a cluster that issues its own.
const TOKEN_AGE: &str = "2h0m0s";
/// Never: a member accepts tokens that the host issued and that its own cache does not know.
const NO_TOKEN_AGE: &str = "0s";

/// The section `authentication`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authentication {
    authenticate_rate_limiter_max_tries: i64,
    authenticate_rate_limiter_duration: String,
    login_history_retention_period: String,
    maximum_clock_skew: String,
    multiple_login: bool,
    kubectl_image: String,
    /// The guides find this line with grep: no other line of the document may name it.
    jwt_secret: String,
    oauth_options: Map<String, Value>,
}

impl Authentication {
    pub(super) fn new(spec: Spec<'_>, values: &Values, images: &Images) -> Self {
        let text = |key: &str, default: &str| {
            spec.text(&format!("authentication.{key}")).unwrap_or_else(|| default.to_owned())
        };
        Self {
            authenticate_rate_limiter_max_tries: spec
                .number("authentication.authenticateRateLimiterMaxTries")
                .unwrap_or(10),
            // ks-installer reads the one spelling and writes the other.
            authenticate_rate_limiter_duration: text("authenticationRateLimiterDuration", "10m0s"),
            login_history_retention_period: text("loginHistoryRetentionPeriod", "168h"),
            maximum_clock_skew: text("maximumClockSkew", "10s"),
            multiple_login: spec
                .value("common.core.console.enableMultiLogin")
                .and_then(Value::as_bool)
                .unwrap_or(true),
            kubectl_image: images.get("kubectl").map(|i| i.reference()).unwrap_or_default(),
            jwt_secret: values.jwt_secret.text.clone(),
            oauth_options: oauth_options(spec),
        }
    }
}

/// What the user gives, and what KubeSphere needs where the user does not say it. ks-installer pastes
/// both one after the other, so that its text has keys twice.
fn oauth_options(spec: Spec<'_>) -> Map<String, Value> {
    let given = spec.value("authentication.oauthOptions").and_then(Value::as_object);
    let mut options = given.cloned().unwrap_or_default();
    // Both are written always: what is absent becomes 0 when KubeSphere rewrites the document.
    let age = if spec.role() == "member" { NO_TOKEN_AGE } else { TOKEN_AGE };
    for key in ["accessTokenMaxAge", "accessTokenInactivityTimeout"] {
        let value = options.entry(key).or_insert_with(|| json!(age));
        // 0 is what people write for "never"; the Go type wants a unit.
        if *value == json!(0) {
            *value = json!(NO_TOKEN_AGE);
        }
    }
    let clients = options.entry("clients").or_insert_with(|| json!([]));
    if let Some(clients) = clients.as_array_mut()
        && !clients.iter().any(|client| client["name"] == "kubesphere")
    {
        // The console logs in as this client.
        clients.push(json!({
            "name": "kubesphere", "secret": "kubesphere", "redirectURIs": ["*"],
        }));
    }
    options
}
