//! Logs in to a registry.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Uri};
use hyper::body::Bytes;

use super::address::{pair, with_query};
use super::challenge::Challenge;
use super::credentials::Login;
use super::error::{Error, ErrorKind};
use super::send::{Call, Sender};
use super::token::{Access, Grant};

/// The most that a token server may answer.
const TOKEN: usize = 256 * 1024;

/// What answers a challenge; `None` if there is nothing for it. `refused` is what was not enough.
pub(super) async fn grant(
    sender: &Sender,
    call: &Call<'_>,
    challenge: &Challenge,
    refused: Option<&HeaderValue>,
) -> Result<Option<HeaderValue>, Error> {
    let access = call.access;
    let slot = sender.grants.slot(access);
    let mut slot = slot.lock().await;
    // Another request has renewed it meanwhile.
    if let Some(grant) = slot.as_ref()
        && Some(&grant.header) != refused
    {
        return Ok(Some(grant.header.clone()));
    }
    let login = sender.options.credentials.for_repository(&access.registry, &access.path);
    let grant = match (challenge, login) {
        (_, Some(Login::Token(token))) => Grant::bearer(token),
        (Challenge::Basic, Some(Login::Password(user, password))) => Grant::basic(user, password),
        (Challenge::Basic, _) => None,
        (Challenge::Bearer { realm, service, scope, .. }, login) => {
            let ask = Ask { realm, service: service.as_deref(), scope: scope.as_deref(), login };
            Some(ask.token(sender, call).await?)
        }
    };
    // The same again would be refused again.
    let grant = grant.filter(|grant| Some(&grant.header) != refused);
    slot.clone_from(&grant);
    Ok(grant.map(|grant| grant.header))
}

/// What a token server is asked.
struct Ask<'a> {
    realm: &'a str,
    service: Option<&'a str>,
    scope: Option<&'a str>,
    login: Option<&'a Login>,
}

impl Ask<'_> {
    async fn token(&self, sender: &Sender, call: &Call<'_>) -> Result<Grant, Error> {
        let wrong = |why: &str| call.error(ErrorKind::NotARegistry, why);
        let realm: Uri = self
            .realm
            .parse()
            .ok()
            .filter(|realm: &Uri| realm.host().is_some())
            .ok_or_else(|| wrong("the address of its token server is not a URL"))?;
        let is_plain = call.url.scheme_str() == Some("http");
        match realm.scheme_str() {
            Some("https") => {}
            // Never less than for the registry itself.
            Some("http") if is_plain => {}
            _ => return Err(call.error(ErrorKind::Tls, "its token server has no TLS")),
        }
        let place = format!("a token of {}", realm.host().unwrap_or_default());
        let (request, grant) = self.request(realm, call.access, &place)?;
        let answer = sender.follow(&request, grant.as_ref()).await?;
        let answer = sender.accepted(&request, answer).await.map_err(|error| match error.kind {
            ErrorKind::NotFound | ErrorKind::Refused => call.error(ErrorKind::Denied, error.cause),
            _ => error,
        })?;
        let text = sender.read(answer, TOKEN).await;
        let text = text.map_err(|why| request.error(ErrorKind::Unreachable, why))?;
        Grant::answer(&text).ok_or_else(|| wrong("its token server sent no token"))
    }

    /// A GET with the password, or a POST with the token for tokens.
    fn request<'c>(
        &self,
        realm: Uri,
        access: &'c Access,
        place: &'c str,
    ) -> Result<(Call<'c>, Option<HeaderValue>), Error> {
        let mut parameters = Vec::new();
        parameters.extend(self.service.map(|service| ("service", service)));
        parameters.extend(access.scopes.iter().map(|scope| ("scope", scope.as_str())));
        if access.scopes.is_empty() {
            parameters.extend(self.scope.map(|scope| ("scope", scope)));
        }
        let mut call = Call {
            method: Method::GET,
            url: realm,
            headers: Vec::new(),
            body: Bytes::new(),
            access,
            action: "get",
            place,
        };
        if let Some(Login::Identity(token)) = self.login {
            let scopes = access.scopes.join(" ");
            let form = [
                ("grant_type", "refresh_token"),
                ("client_id", "ksi"),
                ("service", self.service.unwrap_or_default()),
                ("scope", scopes.as_str()),
                ("refresh_token", token.as_str()),
            ];
            let form: Vec<String> = form.iter().map(|(name, value)| pair(name, value)).collect();
            call.method = Method::POST;
            call.body = form.join("&").into();
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            call.headers.push((CONTENT_TYPE, kind));
            return Ok((call, None));
        }
        call.url = with_query(&call.url, &parameters)
            .map_err(|why| call.error(ErrorKind::NotARegistry, why))?;
        let grant = match self.login {
            Some(Login::Password(user, password)) => Grant::basic(user, password),
            _ => None,
        };
        Ok((call, grant.map(|grant| grant.header)))
    }
}
