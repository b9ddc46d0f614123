//! Sign-in, token lifetimes, and the secret that signs tokens.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::config::{Configuration, Role};
use crate::render::image::Images;
use crate::values::Values;

/// How long an access token lives on a cluster that issues its own.
const TOKEN_AGE: &str = "2h0m0s";
/// Never: a member accepts tokens that the host issued and that its own cache does not know.
const NO_TOKEN_AGE: &str = "0s";

/// The section `authentication`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authentication {
    authenticate_rate_limiter_max_tries: u32,
    authenticate_rate_limiter_duration: String,
    login_history_retention_period: String,
    maximum_clock_skew: String,
    multiple_login: bool,
    kubectl_image: Option<String>,
    /// The guides find this line with grep: no other line of the document may name it.
    jwt_secret: String,
    oauth_options: Map<String, Value>,
}

impl Authentication {
    pub(super) fn new(configuration: &Configuration, values: &Values, images: &Images) -> Self {
        let given = &configuration.authentication;
        Self {
            authenticate_rate_limiter_max_tries: given.authenticate_rate_limiter_max_tries,
            // ks-installer reads the one spelling and writes the other.
            authenticate_rate_limiter_duration: given.authentication_rate_limiter_duration.clone(),
            login_history_retention_period: given.login_history_retention_period.clone(),
            maximum_clock_skew: given.maximum_clock_skew.clone(),
            multiple_login: configuration.common.core.console.enable_multi_login,
            kubectl_image: images.reference("kubectl"),
            jwt_secret: values.jwt_secret.text.clone(),
            oauth_options: oauth_options(configuration),
        }
    }
}

/// The OAuth options of the user, completed with those that KubeSphere needs. ks-installer concatenates
/// both, so that its text has duplicate keys.
fn oauth_options(configuration: &Configuration) -> Map<String, Value> {
    let given = configuration.authentication.oauth_options.clone();
    let mut options = given.unwrap_or_default().0;
    // Both are always written: an absent one becomes 0 when KubeSphere rewrites the document.
    let age = if configuration.role() == Role::Member { NO_TOKEN_AGE } else { TOKEN_AGE };
    for key in ["accessTokenMaxAge", "accessTokenInactivityTimeout"] {
        let value = options.entry(key).or_insert(Value::Null);
        if value.is_null() {
            *value = json!(age);
        } else if value.as_i64() == Some(0) || value.as_str() == Some("0") {
            // "Never", as users write it; Go writes it with a unit.
            *value = json!(NO_TOKEN_AGE);
        }
    }
    let clients = options.entry("clients").or_insert_with(|| json!([]));
    if let Some(clients) = clients.as_array_mut()
        && !clients.iter().any(|client| client["name"] == "kubesphere")
    {
        // The console signs in as this client.
        clients.push(json!({
            "name": "kubesphere", "secret": "kubesphere", "redirectURIs": ["*"],
        }));
    }
    options
}
