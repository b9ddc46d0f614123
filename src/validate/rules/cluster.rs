//! Rules about the cluster's role and what follows from it.

use super::Context;
use crate::config::Role;
use crate::diagnostic::{Code, Diagnostic};
use crate::facts::KubernetesVersion;

/// ks-apiserver copies the address into the manifest of the agents as it is. The agent replaces `http` by `ws`,
/// connects to port 80 or 443 if there is none, and keeps the path (tower v0.2.2, `cmd/agent/app/options.go`).
pub(super) fn proxy_address(context: &Context<'_>) -> Vec<Diagnostic> {
    let path = "multicluster.proxyPublishAddress";
    let Some(address) = context.text(path) else {
        return Vec::new();
    };
    let problem = match address.split_once("://") {
        None => Some("it has no scheme".to_owned()),
        Some(("http" | "https" | "ws" | "wss", rest)) => host_and_port(rest).err(),
        Some((scheme, _)) => Some(format!("scheme `{scheme}` is not supported")),
    };
    problem
        .map(|problem| {
            Diagnostic::error(
                Code::ProxyAddress,
                format!("`proxyPublishAddress` is not an address that agents can connect to: {problem}"),
            )
            .at(context.place(path))
            .help("give the URL at which members reach Service tower, for example http://139.198.120.120:8080")
        })
        .into_iter()
        .collect()
}

fn host_and_port(rest: &str) -> Result<(), String> {
    if rest.contains('@') {
        return Err("it contains credentials".to_owned());
    }
    if rest.contains(char::is_whitespace) {
        return Err("it contains a space".to_owned());
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let behind_address = authority.rfind(']').unwrap_or(0);
    let (host, port) = match authority[behind_address..].rfind(':') {
        Some(colon) => {
            let (host, port) = authority.split_at(behind_address + colon);
            (host, Some(&port[1..]))
        }
        None => (authority, None),
    };
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    match bracketed {
        Some(ip) if ip.parse::<std::net::Ipv6Addr>().is_ok() => {}
        Some(ip) => return Err(format!("`{ip}` is not an IPv6 address")),
        None if host.is_empty() => return Err("it has no host".to_owned()),
        None if host.contains(':') => return Err("an IPv6 address needs brackets".to_owned()),
        None if !host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)) => {
            return Err(format!("`{host}` is not a host name"));
        }
        None => {}
    }
    match port.map(str::parse::<u16>) {
        None | Some(Ok(1..)) => Ok(()),
        _ => Err(format!("`{}` is not a port", port.unwrap_or_default())),
    }
}

/// This connection carries the member's ServiceAccount token.
pub(super) fn proxy_address_plain(context: &Context<'_>) -> Vec<Diagnostic> {
    let path = "multicluster.proxyPublishAddress";
    let plain =
        context.text(path).is_some_and(|a| a.starts_with("http://") || a.starts_with("ws://"))
            && proxy_address(context).is_empty();
    plain
        .then(|| {
            Diagnostic::warning(Code::ProxyAddressPlain, "agents will connect without TLS")
                .at(context.place(path))
                .help("Tower serves plain HTTP: put a TLS proxy with a publicly trusted certificate in front and use https://, or use it only in a private network")
        })
        .into_iter()
        .collect()
}

/// Unless the age is 0, ks-apiserver of a member looks tokens up in its cache, which never has the
/// host's tokens.
pub(super) fn member_token_age(context: &Context<'_>) -> Vec<Diagnostic> {
    let path = "authentication.oauthOptions.accessTokenMaxAge";
    let Some(age) = context.value(path) else {
        return Vec::new();
    };
    let text = age.as_str().map_or_else(|| age.to_json().to_string(), str::to_owned);
    let zero =
        text.trim_end_matches(['h', 'm', 's', 'n', 'u', 'µ']).chars().all(|c| "0hms.".contains(c));
    if context.role() != Some(Role::Member) || zero {
        return Vec::new();
    }
    let diagnostic = Diagnostic::error(
        Code::MemberTokenAge,
        format!("on a member `accessTokenMaxAge` must be 0, not `{text}`"),
    )
    .at(context.place(path))
    .help("remove the key, ksi sets it: with another age a member rejects every token of its host");
    vec![diagnostic]
}

/// Keys that have an effect only on a host, or only on a member.
pub(super) fn keys_without_effect(context: &Context<'_>) -> Vec<Diagnostic> {
    const HOST_ONLY: &[&str] = &[
        "multicluster.proxyPublishAddress",
        "multicluster.hostClusterName",
        "multicluster.clusterControllerResyncPeriod",
        "multicluster.tower",
        "multicluster.kubefed",
        "multicluster.agentImage",
    ];
    let Some(role) = context.role() else { return Vec::new() };
    let keys = if role == Role::Host { &["multicluster.clusterName"][..] } else { HOST_ONLY };
    keys.iter()
        .filter(|path| {
            context.is_given(path) && !(role == Role::None && **path == "multicluster.clusterName")
        })
        .map(|path| {
            let who = if role == Role::Host { "a member" } else { "a host" };
            let diagnostic = Diagnostic::warning(
                Code::NoEffect,
                format!("`{path}` has an effect only on {who}"),
            )
            .at(context.key_place(path));
            if *path == "multicluster.clusterName" {
                diagnostic.help("set `multicluster.hostClusterName` for the name of the host")
            } else {
                diagnostic.help(format!("remove it, or set `clusterRole: host` (now `{role}`)"))
            }
        })
        .collect()
}

/// The Kubernetes version from KubeKey's document or from a flag.
pub(super) fn kubernetes_version(context: &Context<'_>) -> Vec<Diagnostic> {
    let version = context.facts.kubernetes;
    if (KubernetesVersion::OLDEST..=KubernetesVersion::NEWEST).contains(&version) {
        return Vec::new();
    }
    let (old, new) = (KubernetesVersion::OLDEST, KubernetesVersion::NEWEST);
    let help = format!("ksi supports Kubernetes {old} to {new}");
    let diagnostic = if version < old {
        let why = "ksi needs server-side apply, which is stable since 1.22";
        Diagnostic::error(
            Code::UnsupportedKubernetes,
            format!("Kubernetes {version} is too old: {why}"),
        )
    } else {
        Diagnostic::warning(
            Code::UnsupportedKubernetes,
            format!("Kubernetes {version} is not tested with this ksi"),
        )
    };
    vec![diagnostic.at(context.loaded.kubernetes_version_span()).help(help)]
}

/// The label `version` names the KubeSphere version to install.
pub(super) fn kubesphere_version(context: &Context<'_>) -> Vec<Diagnostic> {
    let Some((version, span)) = context.loaded.version_label() else {
        return Vec::new();
    };
    if version == crate::config::KUBESPHERE_VERSION {
        return Vec::new();
    }
    let known = crate::config::KUBESPHERE_VERSION;
    let diagnostic = Diagnostic::warning(
        Code::UnsupportedVersion,
        format!("this ksi installs KubeSphere {known}, not `{version}`"),
    );
    vec![diagnostic.at(span).help(format!("set the label to `{known}`, or remove it"))]
}
