//! Names, ports and addresses.

use serde_json::Value;

use super::super::backend::{self, Missing};
use super::super::context::Context;
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{full_name, items, name, namespace};
use super::super::verdict::{Verdict, error, errors, ok, skipped, warning};
use super::super::{Check, Phase};
use crate::config::ServiceType;

const CATEGORY: &str = "Network";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "dns",
        category: CATEGORY,
        description: "cluster DNS is available",
        phase: Phase::Both,
        hint: "check the CoreDNS pods: `kubectl -n kube-system get pods -l k8s-app=kube-dns`",
        evaluate: dns,
    },
    Check {
        id: "console-port",
        category: CATEGORY,
        description: "the NodePort of the console is free",
        phase: Phase::Both,
        hint: "choose another port for the console: `ksi explain common.core.console.port`",
        evaluate: console_port,
    },
    Check {
        id: "tower-port",
        category: CATEGORY,
        description: "the NodePort of Tower is free",
        phase: Phase::Both,
        hint: "choose another port for Tower: `ksi explain multicluster.tower.service.nodePort`",
        evaluate: tower_port,
    },
    Check {
        id: "load-balancer",
        category: CATEGORY,
        description: "load balancers get an address",
        phase: Phase::Pre,
        hint: "install a load balancer, or set `multicluster.tower.service.type` to NodePort and set `multicluster.proxyPublishAddress`",
        evaluate: load_balancer,
    },
];

fn dns(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    match backend::missing(gathered, "kube-system", "kube-dns")? {
        None => ok(),
        Some(why @ Missing::Service(_)) => {
            warning(format!("{why}, so ksi cannot tell whether names resolve"))
        }
        Some(why) => error(why.to_string()),
    }
}

fn console_port(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    ports(gathered, context, "ks-console")
}

fn tower_port(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    ports(gathered, context, "tower")
}

/// Whether another Service uses a NodePort that one of our Services needs.
fn ports(gathered: &Gathered, context: &Context<'_>, service: &str) -> Verdict {
    let services = gathered.list(Part::Services)?;
    let Some(wanted) = context.desired("Service").find(|o| o.id.name == service) else {
        return skipped(format!("Service {service} is not configured"));
    };
    let ports: Vec<u64> =
        items(&wanted.body["spec"]["ports"]).filter_map(|p| p["nodePort"].as_u64()).collect();
    if ports.is_empty() {
        return skipped("no fixed NodePort configured");
    }
    let home = wanted.id.namespace.as_deref().unwrap_or_default();
    let others = services.iter().filter(|s| name(s) != service || namespace(s) != home);
    let mut taken = Vec::new();
    for other in others {
        let has = items(&other["spec"]["ports"]).filter_map(|p| p["nodePort"].as_u64());
        let same = has.filter(|port| ports.contains(port));
        taken.extend(
            same.map(|port| format!("NodePort {port} is used by Service {}", full_name(other))),
        );
    }
    errors(&taken)
}

fn has_address(service: &Value) -> bool {
    items(&service["status"]["loadBalancer"]["ingress"]).next().is_some()
}

fn load_balancer(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let services = gathered.list(Part::Services)?;
    let needed = context.is_host()
        && context.configuration().is_some_and(|c| {
            c.multicluster.proxy_publish_address.is_none()
                && c.multicluster.tower.service.r#type == ServiceType::LoadBalancer
        });
    if !needed {
        return skipped("the configuration needs no load balancer");
    }
    let mut balanced = services.iter().filter(|s| s["spec"]["type"] == "LoadBalancer").peekable();
    if balanced.peek().is_none() {
        return warning(
            "there is no Service of type LoadBalancer yet, so ksi cannot tell whether Tower gets an address",
        );
    }
    if balanced.any(has_address) {
        return ok();
    }
    warning("no Service of type LoadBalancer has an address, so Tower will probably not get one")
}
