//! Addresses of registries, and where they redirect to.

use http::Uri;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Docker Hub has its registry at another name.
const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// The address of a path of a registry.
pub(super) fn of(registry: &str, plain: bool, path: &str) -> Result<Uri, String> {
    let host = if registry == DOCKER_HUB.0 { DOCKER_HUB.1 } else { registry };
    let scheme = if plain { "http" } else { "https" };
    let text = format!("{scheme}://{host}{path}");
    text.parse().map_err(|error| format!("{text} is not a URL: {error}"))
}

/// Scheme, host and port: what may know the credentials of a registry.
pub(super) type Origin = (String, String, u16);

/// The origin of an address.
pub(super) fn origin(url: &Uri) -> Origin {
    let scheme = url.scheme_str().unwrap_or_default();
    let port = url.port_u16().unwrap_or(if scheme == "http" { 80 } else { 443 });
    let host = url.host().unwrap_or_default();
    (scheme.to_owned(), host.to_ascii_lowercase(), port)
}

/// The address in a `Location` header.
pub(super) fn join(base: &Uri, location: &str) -> Result<Uri, String> {
    // What follows a # is for browsers.
    let location = location.split('#').next().unwrap_or_default();
    let scheme = base.scheme_str().unwrap_or("https");
    let authority = base.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    let text = if location.contains("://") {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{location}")
    };
    let url: Uri = text.parse().map_err(|_| "it redirects to what is not a URL".to_owned())?;
    let user = url.authority().is_some_and(|authority| authority.as_str().contains('@'));
    if !matches!(url.scheme_str(), Some("http" | "https")) || user {
        return Err("it redirects to what is not the URL of a server".to_owned());
    }
    Ok(url)
}

/// The address with these parameters after those that it has.
pub(super) fn with_query(url: &Uri, parameters: &[(&str, &str)]) -> Result<Uri, String> {
    let mut text = url.to_string();
    let mut separator = if url.query().is_some() { '&' } else { '?' };
    for (name, value) in parameters {
        text.push(separator);
        text.push_str(&pair(name, value));
        separator = '&';
    }
    text.parse().map_err(|error| format!("it names an address that is not a URL: {error}"))
}

/// A parameter as in an address or a form.
pub(super) fn pair(name: &str, value: &str) -> String {
    format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_absolute_or_relative_to_the_request() {
        let base = Uri::from_static("https://reg.example:5000/v2/a/blobs/uploads/");
        for (location, url) in [
            ("https://cdn.example/x?y#z", "https://cdn.example/x?y"),
            ("//cdn.example/x", "https://cdn.example/x"),
            ("/v2/a/blobs/uploads/1?s=2", "https://reg.example:5000/v2/a/blobs/uploads/1?s=2"),
            ("1?s=2", "https://reg.example:5000/v2/a/blobs/uploads/1?s=2"),
        ] {
            assert_eq!(join(&base, location).unwrap().to_string(), url);
        }
        for wrong in ["file:///etc/passwd", "https://u:p@cdn.example/", "https://"] {
            assert!(join(&base, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_encoded_and_added() {
        let url = Uri::from_static("https://a/b?_state=1");
        let both = with_query(&url, &[("digest", "sha256:1"), ("from", "a/b")]).unwrap();
        assert_eq!(both.to_string(), "https://a/b?_state=1&digest=sha256%3A1&from=a%2Fb");
        let hub = of("docker.io", false, "/v2/").unwrap();
        assert_eq!(origin(&hub), ("https".into(), "registry-1.docker.io".into(), 443));
    }
}
