//! Values with a defined format: durations, quantities, names, images.

use super::Context;
use crate::config::{self, form, subschema};
use crate::diagnostic::{
    self, Code, Diagnostic, is_only_template, is_secret_name_or_typo, template,
};
use crate::object::{duration, quantity};
use crate::yaml::{Node, Path, Step};

/// The registry of `zone: cn`.
const CHINA_REGISTRY: &str = "registry.cn-beijing.aliyuncs.com";

/// Paths that Go reads with `time.ParseDuration`.
const DURATIONS: &[&str] = &[
    "authentication.authenticationRateLimiterDuration",
    "authentication.authenticateRateLimiterDuration",
    "authentication.loginHistoryRetentionPeriod",
    "authentication.maximumClockSkew",
    "authentication.oauthOptions.accessTokenMaxAge",
    "authentication.oauthOptions.accessTokenInactivityTimeout",
    "multicluster.clusterControllerResyncPeriod",
];

/// Paths that become names or labels of objects.
const NAMES: &[&str] = &[
    "multicluster.hostClusterName",
    "multicluster.clusterName",
    "authentication.jwtSecretRef.name",
    "multicluster.tower.ca.secretName",
    "persistence.storageClass",
    "monitoring.storageClass",
    "gateway.namespace",
    "devops.argocd.namespace",
];

/// Registries, organisations and images.
const IMAGES: &[&str] = &["terminal.image", "multicluster.agentImage"];

/// No value of KubeSphere contains control characters, and many programs stop at one.
pub(super) fn control_characters(context: &Context<'_>) -> Vec<Diagnostic> {
    // Free-form text may have line breaks; names and values have none.
    let allowed = |c: char| matches!(c, '\n' | '\t');
    let mut keys = Vec::new();
    context.sound.each(&Path::default(), &mut |path, node| {
        let bad = node.entries().iter().filter(|e| e.key.contains(char::is_control));
        keys.extend(bad.map(|e| (path.key(&e.key), e.key.as_str(), e.key_span)));
    });
    context
        .texts()
        .into_iter()
        .chain(keys)
        .filter_map(|(path, text, span)| {
            let bad = text.chars().find(|c| c.is_control() && !allowed(*c))?;
            Some(
                Diagnostic::error(
                    Code::ControlCharacter,
                    format!("`{path}` contains the control character U+{:04X}", u32::from(bad)),
                )
                .at(span)
                .help("type the value again: such characters usually come from copy and paste"),
            )
        })
        .collect()
}

/// Template expressions: nothing that KubeSphere reads looks like one. Mappings that it does not define may have
/// variables of their own, such as `$(POD_NAME)`.
pub(super) fn unrendered(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    context.given.each(&Path::default(), &mut |path, node| {
        let Some(text) = node.as_str() else { return };
        let known = !subschema(context.schema, path)["type"].is_null();
        let anywhere = known && !config::is_sensitive(path);
        if let Some(place) = template(text).filter(|_| anywhere || is_only_template(text)) {
            found.push(diagnostic::unrendered(&text[place]).at(node.span));
        }
    });
    found
}

/// `10m`, `168h`, `1h30m`: what Go reads.
pub(super) fn durations(context: &Context<'_>) -> Vec<Diagnostic> {
    DURATIONS
        .iter()
        .filter_map(|path| {
            let node = context.value(path)?;
            // 0 is a duration in Go's YAML too.
            let zero = node.to_json() == 0;
            let good =
                zero || node.as_str().is_some_and(|text| duration::nanoseconds(text).is_some());
            (!good).then(|| {
                Diagnostic::error(Code::BadDuration, format!("`{path}` is not a duration"))
                    .at(context.place(path))
                    .help("use a number with a unit, for example 30s, 10m, 168h or 1h30m")
            })
        })
        .collect()
}

/// `4Gi`, `500m`, `0.5`: what Kubernetes reads, and not negative.
pub(super) fn quantities(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    context.sound.each(&Path::default(), &mut |path, node| {
        if !is_quantity_path(path) || node.is_null() || node.as_str() == Some("") {
            return;
        }
        let text = node.as_str().map_or_else(|| node.to_json().to_string(), str::to_owned);
        if quantity::nano(&text).is_none_or(|amount| amount < 0) {
            let message = format!("`{path}` is not a quantity: `{text}`");
            found.push(
                Diagnostic::error(Code::BadQuantity, message)
                    .at(node.span)
                    .help("use a number with an optional unit, for example 500m, 2, 512Mi or 20Gi"),
            );
        }
    });
    found
}

/// The API server rejects a pod that requests more than its limit; an amount that is not set has its
/// default.
pub(super) fn resource_bounds(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    context.sound.each(&Path::default(), &mut |path, node| {
        if last_key(path) != Some("resources") {
            return;
        }
        let defaults = &subschema(context.schema, path)["default"];
        let amount = |list: &str, name: &str| {
            let given = node.get(list).and_then(|amounts| amounts.get(name));
            let value = given.map_or_else(|| defaults[list][name].clone(), Node::to_json);
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some((quantity::nano(&text)?, given.and_then(|n| n.span)))
        };
        let given = ["limits", "requests"].into_iter().filter_map(|list| node.get(list));
        let mut names: Vec<&str> =
            given.flat_map(|amounts| amounts.entries().iter().map(|e| e.key.as_str())).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let pair = amount("requests", name).zip(amount("limits", name));
            if let Some(((requested, request_place), (limit, limit_place))) = pair
                && requested > limit
            {
                let message = format!("`{path}` requests more {name} than its limit allows");
                let place = request_place.or(limit_place);
                let diagnostic = Diagnostic::error(Code::ResourceBounds, message).at(place);
                found.push(if request_place.is_some() && limit_place.is_some() {
                    diagnostic.help("lower the request or raise the limit")
                } else {
                    let other = if limit_place.is_none() { "limit" } else { "request" };
                    diagnostic.help(format!("the {other} is the default: set it, too"))
                });
            }
        }
    });
    found
}

/// Names of clusters, Secrets, StorageClasses and namespaces.
pub(super) fn names(context: &Context<'_>) -> Vec<Diagnostic> {
    NAMES
        .iter()
        .filter_map(|path| {
            let name = context.text(path)?;
            let dotted = !(path.contains("Cluster") || path.ends_with("lusterName") || path.ends_with("namespace"));
            let good = if dotted { form::is_subdomain(name) } else { form::is_label(name) };
            (!good).then(|| {
                let length = if dotted { 253 } else { 63 };
                // The secret itself is often pasted in place of the name of its Secret.
                let secret = path.split('.').any(is_secret_name_or_typo);
                let shown = if secret { "(hidden)".to_owned() } else { format!("`{name}`") };
                Diagnostic::error(Code::BadName, format!("`{path}` is not a valid Kubernetes name: {shown}"))
                    .at(context.place(path))
                    .help(format!("use at most {length} lower-case letters, digits and `-`, with a letter or digit at both ends"))
            })
        })
        .collect()
}

/// Keys and values of nodeSelectors, annotations and tolerations.
pub(super) fn labels(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    context.sound.each(&Path::default(), &mut |path, node| {
        if last_key(path) == Some("nodeSelector") {
            for entry in node.entries() {
                let value = entry.value.as_str().unwrap_or_default();
                if !form::is_qualified_name(&entry.key) {
                    found.push(bad_label(&entry.key, "label name").at(entry.key_span));
                } else if !form::is_label_value(value) {
                    found.push(bad_label(value, "label value").at(entry.value.span));
                }
            }
        }
        let parent = path.0.len().checked_sub(2).map(|at| &path.0[at]);
        if matches!(parent, Some(Step::Key(key)) if key == "tolerations") {
            found.extend(bad_toleration(node).map(|d| d.at(node.span)));
            let key = node.get("key").filter(|k| k.as_str().is_some_and(|k| !k.is_empty()));
            if let Some(key) = key
                && !key.as_str().is_some_and(form::is_qualified_name)
            {
                found.push(bad_label(key.as_str().unwrap_or_default(), "taint key").at(key.span));
            }
        }
    });
    found
}

/// Tolerations that the API server rejects although their types are right.
fn bad_toleration(node: &Node) -> Option<Diagnostic> {
    let text = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default();
    let exists = text("operator") == "Exists";
    let message = if text("key").is_empty() && !exists {
        "a toleration without `key` needs `operator: Exists`"
    } else if exists && !text("value").is_empty() {
        "a toleration with `operator: Exists` takes no `value`"
    } else {
        return None;
    };
    Some(
        Diagnostic::error(Code::BadSelector, message)
            .help("see Taints and Tolerations in the Kubernetes documentation"),
    )
}

/// Addresses that KubeSphere connects to over HTTP.
pub(super) fn endpoints(context: &Context<'_>) -> Vec<Diagnostic> {
    ["common.monitoring.endpoint", "common.s3.endpoint", "common.notification.endpoint"]
        .iter()
        .filter_map(|path| {
            let url = context.text(path)?;
            let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
            let good = rest.is_some_and(|r| {
                !r.is_empty()
                    && !r.starts_with(['/', ':'])
                    && !r.contains(|c: char| c.is_whitespace() || c == '@')
            });
            (!good).then(|| {
                Diagnostic::error(Code::BadFormat, format!("`{path}` is not an http(s) address"))
                    .at(context.place(path))
                    .help("for example http://prometheus.monitoring.svc:9090, without credentials")
            })
        })
        .collect()
}

fn bad_label(text: &str, what: &str) -> Diagnostic {
    Diagnostic::error(Code::BadSelector, format!("`{text}` is not a valid {what}"))
        .help("use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends; a name may begin with a DNS prefix and `/`")
}

/// Registry, organisation, image references and digests.
pub(super) fn images(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Some(registry) = context.text("local_registry") {
        let problem = if registry.contains('@') {
            Some(
                "remove the credentials and put them into a pull secret: `ksi explain images.pullSecrets`",
            )
        } else if registry.contains("://") {
            Some("remove the scheme")
        } else if registry.ends_with('/') {
            Some("remove the slash at the end")
        } else if !form::is_registry(registry) {
            Some("for example registry.local:5000 or registry.local/mirror")
        } else {
            None
        };
        found.extend(problem.map(|help| {
            Diagnostic::error(
                Code::BadImage,
                if registry.contains('@') {
                    "`local_registry` contains credentials".to_owned()
                } else {
                    format!("`local_registry` is not a registry: `{registry}`")
                },
            )
            .at(context.place("local_registry"))
            .help(help)
        }));
    }
    if let Some(organisation) = context.text("namespace_override")
        && !organisation.split('/').all(form::is_repository_part)
    {
        found.push(
            Diagnostic::error(
                Code::BadImage,
                format!("`namespace_override` is not an organisation: `{organisation}`"),
            )
            .at(context.place("namespace_override"))
            .help("use lower-case letters, digits, `-`, `_` and `.`, in parts separated by `/`"),
        );
    }
    for path in IMAGES {
        if let Some(image) = context.text(path)
            && !form::is_image(image)
        {
            found.push(
                Diagnostic::error(Code::BadImage, format!("`{path}` is not an image: `{image}`"))
                    .at(context.place(path))
                    .help("for example kubesphere/tower:v0.2.1 or registry.local/tower@sha256:…"),
            );
        }
    }
    for entry in context.value("images.digests").map(Node::entries).unwrap_or_default() {
        if !entry.value.as_str().is_some_and(form::is_digest) {
            found.push(
                Diagnostic::error(
                    Code::BadImage,
                    format!("the digest of `{}` is not valid", entry.key),
                )
                .at(entry.value.span.or(entry.key_span))
                .help("a digest is `sha256:` and 64 hexadecimal digits"),
            );
        }
    }
    found
}

/// `zone: cn` has a registry of its own, in ks-installer as well.
pub(super) fn zone(context: &Context<'_>) -> Vec<Diagnostic> {
    let other = context.text("local_registry").is_some_and(|r| r != CHINA_REGISTRY);
    if !other || context.text("zone") != Some("cn") {
        return Vec::new();
    }
    let message = format!(
        "`local_registry` has no effect with `zone: cn`: all images come from {CHINA_REGISTRY}"
    );
    let diagnostic = Diagnostic::warning(Code::InconsistentSwitch, message);
    vec![diagnostic.at(context.place("local_registry")).help("remove one of them")]
}

/// `10.0.0.0/8`.
pub(super) fn address_ranges(context: &Context<'_>) -> Vec<Diagnostic> {
    let path = "multicluster.tower.service.loadBalancerSourceRanges";
    let ranges = context.value(path).map(Node::items).unwrap_or_default();
    let mut found: Vec<Diagnostic> = ranges
        .iter()
        .filter(|range| !range.as_str().is_some_and(form::is_cidr))
        .map(|range| {
            let text = range.as_str().unwrap_or_default();
            Diagnostic::error(Code::BadCidr, format!("`{text}` is not an address range"))
                .at(range.span)
                .help("for example 10.0.0.0/8, or 10.1.2.3/32 for a single address")
        })
        .collect();
    let path = "multicluster.tower.service.loadBalancerIP";
    if let Some(ip) = context.text(path)
        && ip.parse::<std::net::IpAddr>().is_err()
    {
        found.push(
            Diagnostic::error(Code::BadCidr, format!("`{ip}` is not an IP address"))
                .at(context.place(path))
                .help("for example 10.1.2.3"),
        );
    }
    found
}

fn is_quantity_path(path: &Path) -> bool {
    let keys: Vec<&str> = path
        .0
        .iter()
        .map(|step| if let Step::Key(key) = step { key.as_str() } else { "" })
        .collect();
    match keys[..] {
        [.., "resources", "limits" | "requests", _] => true,
        [.., last] => {
            last.ends_with("olumeSize")
                || matches!(
                    last,
                    "jenkinsCpuReq" | "jenkinsCpuLim" | "jenkinsMemoryReq" | "jenkinsMemoryLim"
                )
        }
        [] => false,
    }
}

fn last_key(path: &Path) -> Option<&str> {
    match path.0.last()? {
        Step::Key(key) => Some(key),
        Step::Index(_) => None,
    }
}
