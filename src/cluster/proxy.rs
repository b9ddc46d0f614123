//! The proxy to an API server.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use kube::config::{Cluster, Kubeconfig};

use super::error::{Error, ErrorKind};

/// The environment variables that name a proxy, and those that name servers without one.
const VARIABLES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];
const EXCEPT: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// A proxy for the library, which would otherwise read the environment by rules of its own.
const UNUSED: &str = "http://unused.invalid";

/// The proxy as kubectl chooses it: that of the kubeconfig, else that of the environment unless `NO_PROXY`
/// matches the server. The library would match `NO_PROXY` against the address of the proxy. Here it is made to
/// choose none.
///
/// # Errors
/// It cannot be used. Without it the server may be another one, or hear what only the proxy should.
pub(super) fn of(kubeconfig: &mut Kubeconfig, context: &str) -> Result<Option<Uri>, Error> {
    let Some(cluster) = cluster(kubeconfig, context) else { return Ok(None) };
    let given = cluster.proxy_url.replace(UNUSED.to_owned()).filter(|url| !url.is_empty());
    let server = cluster.server.as_deref().and_then(|server| server.parse().ok());
    match (given, server) {
        (Some(url), _) => parse("the `proxy-url` of the kubeconfig", &url).map(Some),
        (None, Some(server)) => of_environment(&server),
        // The library reports it.
        (None, None) => Ok(None),
    }
}

fn cluster<'k>(kubeconfig: &'k mut Kubeconfig, context: &str) -> Option<&'k mut Cluster> {
    let context = kubeconfig.contexts.iter().find(|known| known.name == context)?;
    let name = &context.context.as_ref()?.cluster;
    let cluster = kubeconfig.clusters.iter_mut().find(|known| known.name == *name)?;
    cluster.cluster.as_mut()
}

fn of_environment(server: &Uri) -> Result<Option<Uri>, Error> {
    let Some((name, value)) = first_set(VARIABLES) else { return Ok(None) };
    let except = first_set(EXCEPT).map(|(_, value)| value).unwrap_or_default();
    if !needs_proxy(server, except) {
        return Ok(None);
    }
    // kubectl takes an address without a scheme, too, but only here.
    let url = if value.contains("://") { value } else { format!("http://{value}") };
    parse(name, &url).map(Some)
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

/// Parses a URL, which is not shown in errors: it may contain a password.
fn parse(place: &str, url: &str) -> Result<Uri, Error> {
    let parsed = url.parse::<Uri>().ok().filter(|url| {
        matches!(url.scheme_str(), Some("http" | "https"))
            && url.host().is_some_and(|host| !host.is_empty())
    });
    parsed.ok_or_else(|| Error {
        help: "set it to the URL of an HTTP proxy, such as http://proxy.example.com:3128, or remove it"
            .to_owned(),
        ..Error::new(ErrorKind::Credentials, "use", place, "it is not the URL of an HTTP proxy")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error() {
        let text = |url: &str| {
            format!(
                "contexts: [{{name: a, context: {{cluster: b, user: c}}}}]\n\
                 clusters: [{{name: b, cluster: {{server: 'https://c', proxy-url: '{url}'}}}}]"
            )
        };
        let of = |url: &str| of(&mut Kubeconfig::from_yaml(&text(url)).unwrap(), "a");
        assert_eq!(of("http://proxy:3128").unwrap(), Some(Uri::from_static("http://proxy:3128")));
        for wrong in
            ["http://user:pass word@proxy", "proxy:3128", "socks5://proxy:1080", "http://", "::"]
        {
            let error = of(wrong).unwrap_err();
            let cause =
                "cannot use the `proxy-url` of the kubeconfig: it is not the URL of an HTTP proxy";
            assert_eq!(error.to_string(), cause, "{wrong}");
        }
    }

    #[test]
    fn servers_without_a_proxy_are_those_that_are_named() {
        let server = Uri::from_static("https://10.1.2.3:6443");
        for (except, needs) in
            [("", true), ("10.0.0.0/8", false), ("10.1.2.3", false), ("example.com", true)]
        {
            assert_eq!(needs_proxy(&server, except.to_owned()), needs, "{except}");
        }
    }
}
