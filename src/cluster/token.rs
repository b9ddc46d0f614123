//! Tokens: of a ServiceAccount, and in a request that goes on to a Service.

use std::fmt;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Cluster;
use super::error::{Error, ErrorKind};
use super::request::Call;

/// A token of a ServiceAccount.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountToken {
    /// The token.
    pub token: String,
    /// When it expires: perhaps earlier than was asked for.
    pub expires: OffsetDateTime,
}

/// Without the token.
impl fmt::Debug for AccountToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountToken").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Whom an API server sees behind a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenUser {
    /// Its name, such as `system:serviceaccount:NAMESPACE:NAME`.
    pub name: String,
    /// Its UID: of a ServiceAccount that of the object. Empty for others.
    pub uid: String,
}

impl Cluster {
    /// Asks for a token of a ServiceAccount. Many API servers give shorter ones than asked for, some of a day.
    ///
    /// # Errors
    /// The ServiceAccount does not exist, or the request is refused.
    pub async fn account_token(
        &self,
        namespace: &str,
        name: &str,
        lifetime: Duration,
    ) -> Result<AccountToken, Error> {
        let body = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"expirationSeconds": lifetime.as_secs()},
        });
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
        let place = format!("a token of ServiceAccount {namespace}/{name}");
        let call = Call::new(Method::POST, path, "request", place.clone())
            .with_body("application/json", &body)
            .changing(false);
        let answer = self.send(&call).await?;
        let status = &answer["status"];
        let expires = status["expirationTimestamp"].as_str();
        let expires = expires.and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
        match (status["token"].as_str(), expires) {
            (Some(token), Some(expires)) => Ok(AccountToken { token: token.to_owned(), expires }),
            _ => Err(Error::new(ErrorKind::Invalid, "request", place, "the answer has no token")),
        }
    }

    /// The user whom the API server sees behind a token; `None` if it does not accept it. It remembers its answer for some
    /// seconds (kube-apiserver v1.36: 10 s), so it also accepts the token of a ServiceAccount that was deleted just now.
    ///
    /// # Errors
    /// The review fails.
    pub async fn token_user(&self, token: &str) -> Result<Option<TokenUser>, Error> {
        let body = json!({
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token},
        });
        let path = "/apis/authentication.k8s.io/v1/tokenreviews".to_owned();
        let call = Call::new(Method::POST, path, "check", "a token".to_owned())
            .with_body("application/json", &body);
        let status = self.send(&call).await?["status"].take();
        let text = |field: &str| status["user"][field].as_str().unwrap_or_default().to_owned();
        let user = TokenUser { name: text("username"), uid: text("uid") };
        Ok((status["authenticated"] == true).then_some(user))
    }

    /// Reads a path of a Service behind the API server's proxy as somebody else. The API server keeps its own
    /// credentials to itself; KubeSphere takes those of users from this header (v3.4.1).
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn read_as(&self, path: &str, token: &str) -> Result<Value, Error> {
        let place = path.trim_start_matches('/').to_owned();
        let call = Call::new(Method::GET, path.to_owned(), "read", place)
            .with_header("X-KubeSphere-Authorization", &format!("Bearer {token}"));
        self.send(&call).await
    }
}
