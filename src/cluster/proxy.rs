//! The proxy to an API server.

use http::Uri;
use kube::config::{Cluster, Kubeconfig};

use super::error::{Error, ErrorKind};
use crate::proxy;

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
        (Some(url), _) => {
            let proxy = proxy::parse(&url);
            proxy.map(Some).ok_or_else(|| unusable("the `proxy-url` of the kubeconfig"))
        }
        (None, Some(server)) => {
            proxy::of_environment(&server).map_err(|proxy::Unusable(variable)| unusable(variable))
        }
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

/// The URL is not shown: it may contain a password.
fn unusable(place: &str) -> Error {
    Error {
        help: proxy::HELP.to_owned(),
        ..Error::new(ErrorKind::Credentials, "use", place, "it is not the URL of an HTTP proxy")
    }
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
}
