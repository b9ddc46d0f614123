//! Through which proxy an API server is reached.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use kube::config::Kubeconfig;

/// As kubectl has it: the proxy of the kubeconfig in any case, that of the environment unless
/// `NO_PROXY` names the server. The library below would compare that with the address of the proxy.
pub(super) fn of(kubeconfig: &Kubeconfig, context: &str, server: &Uri) -> Option<Uri> {
    named(kubeconfig, context).or_else(|| of_environment(server))
}

fn named(kubeconfig: &Kubeconfig, context: &str) -> Option<Uri> {
    let context = kubeconfig.contexts.iter().find(|known| known.name == context)?;
    let cluster = &context.context.as_ref()?.cluster;
    let cluster = kubeconfig.clusters.iter().find(|known| known.name == *cluster)?;
    cluster.cluster.as_ref()?.proxy_url.as_ref().filter(|url| !url.is_empty())?.parse().ok()
}

fn of_environment(server: &Uri) -> Option<Uri> {
    Matcher::from_env().intercept(server)?;
    let variables = ["HTTPS_PROXY", "https_proxy"].into_iter();
    let set = variables.filter_map(|name| std::env::var(name).ok());
    set.filter(|value| !value.is_empty()).find_map(|value| value.parse().ok())
}
