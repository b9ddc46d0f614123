//! Tower: its authority and its address.

use serde_json::Value;
use time::macros::datetime;

use super::super::certificate::{Certificate, decoded, read};
use super::super::context::{Context, SYSTEM};
use super::super::gathered::{Gathered, Part};
use super::super::see::{items, text};
use super::super::verdict::{Unread, Verdict, error, fine, ok, skipped, warning};
use super::super::{Check, Phase};
use super::certificates::SOON;
use super::configuration::live;

const CATEGORY: &str = "Tower";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "tower-authority",
        category: CATEGORY,
        description: "Tower's authority is one that Tower takes",
        phase: Phase::After,
        hint: "Tower needs an RSA key and a certificate that is valid now: `ksi explain multicluster.tower.ca.secretName`",
        evaluate: authority,
    },
    Check {
        id: "tower-public-authority",
        category: CATEGORY,
        description: "Tower's authority is not the one in its public image",
        phase: Phase::After,
        hint: "everybody has the key in the image: apply with ksi, which gives Tower an authority of its own",
        evaluate: public,
    },
    Check {
        id: "tower-address",
        category: CATEGORY,
        description: "Tower has an address that agents can reach",
        phase: Phase::After,
        hint: "where there is no load balancer, forward an address to the port on the nodes and set `multicluster.proxyPublishAddress`",
        evaluate: address,
    },
    Check {
        id: "proxy-publish-address",
        category: CATEGORY,
        description: "KubeSphere publishes Tower's address, with TLS",
        phase: Phase::After,
        hint: "`ksi explain multicluster.proxyPublishAddress`: over http anybody on the way can take the agents' tokens",
        evaluate: published,
    },
];

fn deployment(gathered: &Gathered) -> Result<Option<&Value>, Unread> {
    gathered.object(Part::Deployments, "Deployment", SYSTEM, "tower")
}

/// The certificate in the Secret that the Deployment mounts, else in `tower-ca`.
fn certificate(gathered: &Gathered) -> Result<Option<(String, Option<Certificate>)>, Unread> {
    let mounted = deployment(gathered)?.and_then(|d| {
        items(&d["spec"]["template"]["spec"]["volumes"])
            .find_map(|v| v["secret"]["secretName"].as_str())
    });
    let name = mounted.unwrap_or("tower-ca");
    let Some(secret) = gathered.object(Part::Secrets, "Secret", SYSTEM, name)? else {
        return Ok(None);
    };
    let pem = decoded(&secret["data"]["tls.crt"]).unwrap_or_default();
    Ok(Some((name.to_owned(), read(&pem))))
}

fn authority(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !context.is_host() {
        return skipped("this is no host");
    }
    let Some((name, certificate)) = certificate(gathered)? else {
        return skipped("there is no Secret with one");
    };
    let Some(certificate) = certificate else {
        return error(format!("Secret {SYSTEM}/{name} holds no readable certificate in tls.crt"));
    };
    let days = (certificate.not_after - context.now).whole_days();
    if certificate.not_before > context.now {
        return error("it begins in the future: Tower ends at once");
    }
    if certificate.not_after <= context.now {
        return error("it has expired");
    }
    if !certificate.is_rsa {
        return error("its key is not RSA: Tower reads no other");
    }
    if days < SOON { warning(format!("it ends in {days} days")) } else { ok() }
}

fn public(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let Some(deployment) = deployment(gathered)? else { return skipped("there is no Tower") };
    let containers = items(&deployment["spec"]["template"]["spec"]["containers"]);
    let arguments: Vec<&str> =
        containers.flat_map(|c| items(&c["command"]).chain(items(&c["args"]))).map(text).collect();
    let key = arguments.iter().find_map(|a| a.trim_start_matches('-').strip_prefix("ca-key="));
    if key.is_none_or(|path| path == "/ca.key") {
        return error("it runs with the key that is in its image");
    }
    // Subject and end of the certificate in the image, the same in all its releases.
    let end = datetime!(2030-03-23 0:00 UTC).date();
    let copied = certificate(gathered)?.and_then(|(_, certificate)| certificate);
    if copied.is_some_and(|c| c.common_name == "kubesphere" && c.not_after.date() == end) {
        return error("its Secret holds a copy of the certificate that is in the image");
    }
    ok()
}

/// Addresses of its load balancer.
pub(super) fn addresses(service: &Value) -> Vec<String> {
    let ingress = items(&service["status"]["loadBalancer"]["ingress"]);
    let either = ingress.filter_map(|i| i["ip"].as_str().or_else(|| i["hostname"].as_str()));
    either.filter(|a| !a.is_empty()).map(str::to_owned).collect()
}

fn address(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !context.is_host() {
        return skipped("this is no host");
    }
    let Some(service) = gathered.object(Part::Services, "Service", SYSTEM, "tower")? else {
        return error("Service kubesphere-system/tower does not exist");
    };
    if let Some(address) = addresses(service).first() {
        return fine(address.clone());
    }
    let given = live(gathered)?.map(|d| text(&d["multicluster"]["proxyPublishAddress"]).to_owned());
    let configured =
        context.configuration().and_then(|c| c.multicluster.proxy_publish_address.clone());
    if let Some(address) = given.filter(|a| !a.is_empty()).or(configured) {
        return fine(format!("published as {address}"));
    }
    let port = items(&service["spec"]["ports"]).find_map(|p| p["nodePort"].as_u64());
    error(match port {
        Some(port) => format!("it has none; its port on every node is {port}"),
        None => "it has none, and no port on the nodes".to_owned(),
    })
}

fn published(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !context.is_host() {
        return skipped("this is no host");
    }
    let Some(config) = live(gathered)? else { return skipped("there is no kubesphere-config") };
    let address = text(&config["multicluster"]["proxyPublishAddress"]);
    if address.is_empty() {
        let service = gathered.object(Part::Services, "Service", SYSTEM, "tower")?;
        if service.is_some_and(|s| !addresses(s).is_empty()) {
            return fine("taken from the load balancer");
        }
        return error("there is none: agents of members get no address");
    }
    if address.starts_with("https://") {
        return fine(super::super::see::clean(address));
    }
    if address.starts_with("http://") {
        return warning("it is http: agents send their tokens to whoever answers there");
    }
    error("it begins with neither https:// nor http://")
}
