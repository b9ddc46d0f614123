//! The proxy to an API server.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use kube::config::Kubeconfig;

use super::error::{Error, ErrorKind};

/// The environment variables that name a proxy.
const VARIABLES: [&str; 2] = ["HTTPS_PROXY", "https_proxy"];

/// The proxy as kubectl chooses it: that of the kubeconfig, else that of the environment unless `NO_PROXY`
/// matches the server. The library would match `NO_PROXY` against the address of the proxy.
///
/// # Errors
/// The proxy is not a URL.
pub(super) fn of(
    kubeconfig: &Kubeconfig,
    context: &str,
    server: &Uri,
) -> Result<Option<Uri>, Error> {
    match of_kubeconfig(kubeconfig, context) {
        Some(url) => parse("the `proxy-url` of the kubeconfig", url).map(Some),
        None => of_environment(server),
    }
}

fn of_kubeconfig<'k>(kubeconfig: &'k Kubeconfig, context: &str) -> Option<&'k str> {
    let context = kubeconfig.contexts.iter().find(|known| known.name == context)?;
    let cluster = &context.context.as_ref()?.cluster;
    let cluster = kubeconfig.clusters.iter().find(|known| known.name == *cluster)?;
    cluster.cluster.as_ref()?.proxy_url.as_deref().filter(|url| !url.is_empty())
}

fn of_environment(server: &Uri) -> Result<Option<Uri>, Error> {
    let set = VARIABLES.iter().find_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
        Some((name, value))
    });
    let Some((name, value)) = set else { return Ok(None) };
    let proxy = parse(name, &value)?;
    Ok(Matcher::from_env().intercept(server).map(|_| proxy))
}

/// Parses a URL, which is not shown in errors: it may contain a password.
fn parse(place: &str, url: &str) -> Result<Uri, Error> {
    url.parse().map_err(|_| Error::new(ErrorKind::Credentials, "use", place, "it is not a URL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_that_is_not_a_url_is_an_error() {
        let text = |url: &str| {
            format!(
                "contexts: [{{name: a, context: {{cluster: b, user: c}}}}]\n\
                 clusters: [{{name: b, cluster: {{server: 'https://c', proxy-url: '{url}'}}}}]"
            )
        };
        let server = Uri::from_static("https://c");
        let of = |url: &str| of(&Kubeconfig::from_yaml(&text(url)).unwrap(), "a", &server);
        assert_eq!(of("http://proxy:3128").unwrap(), Some(Uri::from_static("http://proxy:3128")));
        let error = of("http://user:pass word@proxy").unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot use the `proxy-url` of the kubeconfig: it is not a URL"
        );
    }
}
