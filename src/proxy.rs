//! The HTTP proxy of the environment, as kubectl chooses it.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use percent_encoding::percent_decode_str;

/// The environment variables that name a proxy, and those that name servers without one.
const VARIABLES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const EXCEPT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// What to do about a proxy that cannot be used.
pub const HELP: &str =
    "set it to the URL of an HTTP proxy, such as http://proxy.example.com:3128, or remove it";

/// An environment variable that is not the URL of a proxy. Its value is not shown: it may contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusable(pub &'static str);

/// The proxy to a server, unless `NO_PROXY` matches the server.
///
/// # Errors
/// It cannot be used. Without it the server may be another one, or hear what only the proxy should.
pub fn of_environment(server: &Uri) -> Result<Option<Uri>, Unusable> {
    let Some((name, value)) = first_set(VARIABLES) else { return Ok(None) };
    let except = first_set(EXCEPT).map(|(_, value)| value).unwrap_or_default();
    if !needs_proxy(server, except) {
        return Ok(None);
    }
    // kubectl takes an address without a scheme, too, but only here.
    let url = if value.contains("://") { value } else { format!("http://{value}") };
    parse(&url).map(Some).ok_or(Unusable(name))
}

/// The URL of an HTTP proxy.
pub fn parse(url: &str) -> Option<Uri> {
    url.parse::<Uri>().ok().filter(|url| {
        matches!(url.scheme_str(), Some("http" | "https"))
            && url.host().is_some_and(|host| !host.is_empty())
    })
}

/// Connections through a proxy, with the user and the password in its address.
pub fn tunnel<C>(proxy: &Uri, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy.clone(), connector);
    match credentials(proxy) {
        Some(header) => tunnel.with_auth(header),
        None => tunnel,
    }
}

/// The header for the user and the password of a proxy.
fn credentials(proxy: &Uri) -> Option<HeaderValue> {
    let (user, _) = proxy.authority()?.as_str().rsplit_once('@')?;
    let decoded = percent_decode_str(user).decode_utf8().ok()?;
    let user = if decoded.contains(':') { decoded.into_owned() } else { format!("{decoded}:") };
    let mut header =
        HeaderValue::from_str(&format!("Basic {}", BASE64_STANDARD.encode(user))).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The first of these variables that is set and not empty.
fn first_set(names: [&'static str; 2]) -> Option<(&'static str, String)> {
    names.into_iter().find_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
        Some((name, value))
    })
}

/// Whether a server is none of those that `NO_PROXY` names.
fn needs_proxy(server: &Uri, except: String) -> bool {
    let any = "http://proxy.invalid";
    Matcher::builder().all(any).no(except).build().intercept(server).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_without_a_proxy_are_those_that_are_named() {
        let server = Uri::from_static("https://10.1.2.3:6443");
        for (except, needs) in
            [("", true), ("10.0.0.0/8", false), ("10.1.2.3", false), ("example.com", true)]
        {
            assert_eq!(needs_proxy(&server, except.to_owned()), needs, "{except}");
        }
    }

    #[test]
    fn a_proxy_has_a_scheme_and_a_host() {
        assert!(parse("http://proxy:3128").is_some());
        for wrong in ["http://user:pass word@proxy", "proxy:3128", "socks5://proxy:1080", "http://"]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
