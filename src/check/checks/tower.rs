//! Tower: its authority and its address.

use serde_json::Value;
use time::macros::datetime;

use super::super::certificate::{Certificate, decoded, read};
use super::super::context::{Context, SYSTEM};
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{items, text};
use super::super::verdict::{ReadError, Verdict, error, fine, ok, skipped, warning};
use super::super::{Check, Phase};
use super::certificates::SOON;
use crate::cluster::Nodes;
use crate::health::{self, Endpoint, Reach};

const CATEGORY: &str = "Tower";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "tower-authority",
        category: CATEGORY,
        description: "Tower's certificate authority is valid",
        phase: Phase::After,
        hint: "Tower needs an RSA key and a certificate that is valid now: `ksi explain multicluster.tower.ca.secretName`",
        evaluate: authority,
    },
    Check {
        id: "tower-public-authority",
        category: CATEGORY,
        description: "Tower's certificate authority is not the public one of its image",
        phase: Phase::After,
        hint: "the key in the image is public: apply with ksi, which generates a certificate authority for Tower",
        evaluate: public,
    },
    Check {
        id: "tower-address",
        category: CATEGORY,
        description: "Tower has an address that agents can reach",
        phase: Phase::After,
        hint: "`ksi explain multicluster.proxyPublishAddress` describes the key",
        evaluate: address,
    },
    Check {
        id: "proxy-publish-address",
        category: CATEGORY,
        description: "KubeSphere publishes Tower's address, with TLS",
        phase: Phase::After,
        hint: "`ksi explain multicluster.proxyPublishAddress` describes the key",
        evaluate: published,
    },
];

fn deployment(gathered: &Gathered) -> Result<Option<&Value>, ReadError> {
    gathered.object(Part::Deployments, "Deployment", SYSTEM, "tower")
}

/// The certificate in the Secret that the Deployment mounts, else in `tower-ca`.
fn certificate(gathered: &Gathered) -> Result<Option<(String, Option<Certificate>)>, ReadError> {
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
        return skipped("not a host cluster");
    }
    let Some((name, certificate)) = certificate(gathered)? else {
        return skipped("its Secret does not exist");
    };
    let Some(certificate) = certificate else {
        return error(format!("Secret {SYSTEM}/{name} has no valid certificate in tls.crt"));
    };
    let days = (certificate.not_after - context.now).whole_days();
    if certificate.not_before > context.now {
        return error("not valid yet, so Tower exits");
    }
    if certificate.not_after <= context.now {
        return error("expired");
    }
    if !certificate.is_rsa {
        return error("its key is not RSA, the only kind that Tower supports");
    }
    if days < SOON { warning(format!("it expires in {days} days")) } else { ok() }
}

fn public(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let Some(deployment) = deployment(gathered)? else { return skipped("Tower is not installed") };
    let containers = items(&deployment["spec"]["template"]["spec"]["containers"]);
    let arguments: Vec<&str> =
        containers.flat_map(|c| items(&c["command"]).chain(items(&c["args"]))).map(text).collect();
    let key = arguments.iter().find_map(|a| a.trim_start_matches('-').strip_prefix("ca-key="));
    if key.is_none_or(|path| path == "/ca.key") {
        return error("it uses the key in its image");
    }
    // Subject and end of the certificate in the image, the same in all its releases.
    let end = datetime!(2030-03-23 0:00 UTC).date();
    let copied = certificate(gathered)?.and_then(|(_, certificate)| certificate);
    if copied.is_some_and(|c| c.common_name == "kubesphere" && c.not_after.date() == end) {
        return error("its Secret contains a copy of the certificate in the image");
    }
    ok()
}

fn address(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !context.is_host() {
        return skipped("not a host cluster");
    }
    let Some(endpoint) = endpoint(gathered, context)? else {
        return error("Service kubesphere-system/tower does not exist");
    };
    match endpoint.reach {
        Reach::Reachable | Reach::Unencrypted => fine(endpoint.message),
        // Members that are connected directly need none.
        Reach::None => warning(with_next_step(endpoint)),
        Reach::Unreachable => error(with_next_step(endpoint)),
    }
}

fn published(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if !context.is_host() {
        return skipped("not a host cluster");
    }
    if gathered.kubesphere_config()?.is_none() {
        return skipped("kubesphere-config does not exist");
    }
    let Some(endpoint) = endpoint(gathered, context)? else {
        return error("Service kubesphere-system/tower does not exist");
    };
    match endpoint.reach {
        Reach::Reachable => fine(endpoint.message),
        Reach::Unencrypted | Reach::None => warning(with_next_step(endpoint)),
        Reach::Unreachable => error(with_next_step(endpoint)),
    }
}

/// Where agents connect, from what `KubeSphere` reads now, or from the configuration where it reads
/// nothing yet; `None` without the Service.
fn endpoint(gathered: &Gathered, context: &Context<'_>) -> Result<Option<Endpoint>, ReadError> {
    let Some(service) = gathered.object(Part::Services, "Service", SYSTEM, "tower")? else {
        return Ok(None);
    };
    let live = gathered.kubesphere_config()?;
    let published = match &live {
        Some(document) => Some(text(&document["multicluster"]["proxyPublishAddress"])),
        None => {
            context.configuration().and_then(|c| c.multicluster.proxy_publish_address.as_deref())
        }
    };
    let node = gathered.list(Part::Nodes).ok().and_then(|nodes| Nodes::of(nodes).address);
    Ok(Some(health::tower(service, published, node.as_deref())))
}

fn with_next_step(endpoint: Endpoint) -> String {
    match endpoint.next_step {
        Some(next_step) => format!("{}\nnext: {next_step}", endpoint.message),
        None => endpoint.message,
    }
}
