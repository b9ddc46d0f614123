//! The configuration, and the kubesphere-config that `KubeSphere` reads.

use super::super::context::{Context, SYSTEM};
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{clean, text};
use super::super::verdict::{
    ReadError, Verdict, error, errors, fine, ok, skipped, warning, warnings,
};
use super::super::{Check, Phase};
use crate::health::{self, Address};
use crate::object::embedded;

const CATEGORY: &str = "Configuration";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "configuration-valid",
        category: CATEGORY,
        description: "the configuration is valid",
        phase: Phase::Both,
        hint: "`ksi explain CODE` explains a code and shows a correct example",
        evaluate: valid,
    },
    Check {
        id: "configuration-warnings",
        category: CATEGORY,
        description: "the configuration has no unknown or outdated keys",
        phase: Phase::Both,
        hint: "`ksi config migrate` replaces outdated keys",
        evaluate: warned,
    },
    Check {
        id: "kubesphere-config",
        category: CATEGORY,
        description: "kubesphere-config exists and can be parsed",
        phase: Phase::After,
        hint: "run `ksi apply` again; ConfigMap kubesphere-config must have one YAML document in key kubesphere.yaml",
        evaluate: readable,
    },
    Check {
        id: "kubesphere-config-edits",
        category: CATEGORY,
        description: "kubesphere-config has no changes that the configuration lacks",
        phase: Phase::After,
        hint: "add the change to the configuration with the command above, or the next apply from a file loses it",
        evaluate: edits,
    },
];

/// Keys that kubesphere-config and a ClusterConfiguration share. No secrets.
const SHARED: &[(&str, &str)] = &[
    ("multicluster", "proxyPublishAddress"),
    ("multicluster", "hostClusterName"),
    ("multicluster", "clusterControllerResyncPeriod"),
    ("multicluster", "clusterName"),
    ("multicluster", "agentImage"),
    ("authentication", "authenticateRateLimiterMaxTries"),
    ("authentication", "loginHistoryRetentionPeriod"),
    ("authentication", "maximumClockSkew"),
];

fn valid(_: &Gathered, context: &Context<'_>) -> Verdict {
    let configured = context.configured;
    if let Some(why) = &configured.unread {
        return Err(ReadError(why.clone()));
    }
    if configured.configuration.is_none() && configured.errors.is_empty() {
        return skipped("no configuration: give one with -f");
    }
    if configured.errors.is_empty() {
        fine(&*configured.source)
    } else {
        errors(&configured.errors)
    }
}

fn warned(_: &Gathered, context: &Context<'_>) -> Verdict {
    if let Some(why) = &context.configured.unread {
        return Err(ReadError(why.clone()));
    }
    warnings(&context.configured.warnings)
}

fn readable(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    match gathered.kubesphere_config()? {
        Some(document) if document.as_object().is_some_and(|map| !map.is_empty()) => ok(),
        Some(_) => error("ConfigMap kubesphere-config is empty"),
        None => error("ConfigMap kubesphere-system/kubesphere-config does not exist"),
    }
}

fn edits(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let Some(live) = gathered.kubesphere_config()? else {
        return skipped("kubesphere-config does not exist");
    };
    let mut maps = context.desired("ConfigMap").filter(|o| o.id.name == "kubesphere-config");
    let Some(Ok(Some(wanted))) = maps.next().map(|o| embedded::read(&o.body)) else {
        return skipped("no configuration to compare with");
    };
    let mut lines = Vec::new();
    for (section, key) in SHARED {
        let (now, rendered) = (&live[section][key], &wanted[section][key]);
        let automatic = *key == "proxyPublishAddress" && tower_address_is(gathered, text(now))?;
        if now.is_null()
            || (now.is_string() && text(now).is_empty())
            || now == rendered
            || automatic
        {
            continue;
        }
        let patch = serde_json::json!({"spec": {*section: {*key: now}}});
        // The text becomes part of a shell command.
        let patch = clean(&patch.to_string()).replace('\'', "");
        lines.push(format!(
            "{section}.{key}: kubectl -n kubesphere-system patch cc ks-installer --type merge -p '{patch}'"
        ));
    }
    if lines.is_empty() { ok() } else { warning(lines.join("\n")) }
}

/// Whether `KubeSphere` took the address from Service tower by itself.
fn tower_address_is(gathered: &Gathered, address: &str) -> Result<bool, ReadError> {
    let service = gathered.object(Part::Services, "Service", SYSTEM, "tower")?;
    let given = service.map(health::address);
    Ok(matches!(given, Some(Address::Given(given)) if address.contains(given.as_str())))
}
