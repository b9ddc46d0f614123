//! What would reject pods.

use serde_json::Value;

use super::super::context::{Context, NAMESPACES};
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{full_name, items, name, namespace, some_of, text};
use super::super::verdict::{Verdict, error, errors, ok, skipped};
use super::super::{Check, Phase};
use crate::object::quantity::nano;

const CATEGORY: &str = "Admission";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "pod-security",
        category: CATEGORY,
        description: "Pod Security admission allows the pods",
        phase: Phase::Both,
        hint: "lower the label pod-security.kubernetes.io/enforce of the namespace",
        evaluate: pod_security,
    },
    Check {
        id: "resource-quotas",
        category: CATEGORY,
        description: "no resource quota is exhausted in KubeSphere's namespaces",
        phase: Phase::Both,
        hint: "raise the quota: until then no further pods are created",
        evaluate: quotas,
    },
    Check {
        id: "limit-ranges",
        category: CATEGORY,
        description: "limit ranges allow the limits of the containers",
        phase: Phase::Both,
        hint: "raise the maximum of the LimitRange, or lower the limits in the configuration",
        evaluate: limit_ranges,
    },
    Check {
        id: "priority-classes",
        category: CATEGORY,
        description: "every PriorityClass in use exists",
        phase: Phase::Both,
        hint: "create the PriorityClass: pods with a missing one are rejected",
        evaluate: priority_classes,
    },
    Check {
        id: "pull-secrets",
        category: CATEGORY,
        description: "every image pull secret exists in the namespaces that need it",
        phase: Phase::Both,
        hint: "create the Secret in that namespace: `ksi explain images.pullSecrets`",
        evaluate: pull_secrets,
    },
];

fn pod_security(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let mut lines = Vec::new();
    for place in gathered.list(Part::Namespaces)? {
        let level = text(&place["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]);
        let inside = context.workloads().filter(|o| o.id.namespace.as_deref() == Some(name(place)));
        let refused = inside.filter(|o| {
            let pod = &o.body["spec"]["template"]["spec"];
            match level {
                "restricted" => !is_baseline(pod) || !is_restricted(pod),
                "baseline" => !is_baseline(pod),
                _ => false,
            }
        });
        let refused: Vec<String> = refused.map(|o| o.id.name.clone()).collect();
        if !refused.is_empty() {
            lines.push(format!(
                "namespace {} enforces {level}, which rejects {}",
                name(place),
                some_of(&refused)
            ));
        }
    }
    errors(&lines)
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    items(&pod["containers"]).chain(items(&pod["initContainers"]))
}

fn is_baseline(pod: &Value) -> bool {
    ["hostNetwork", "hostPID", "hostIPC"].iter().all(|key| pod[key] != true)
        && items(&pod["volumes"]).all(|volume| volume["hostPath"].is_null())
        && containers(pod).all(|c| {
            c["securityContext"]["privileged"] != true
                && items(&c["ports"]).all(|p| p["hostPort"].as_u64().unwrap_or(0) == 0)
        })
}

fn is_restricted(pod: &Value) -> bool {
    let shared = &pod["securityContext"];
    containers(pod).all(|c| {
        let own = &c["securityContext"];
        let either = |key: &str| if own[key].is_null() { &shared[key] } else { &own[key] };
        let profile = text(&either("seccompProfile")["type"]);
        *either("runAsNonRoot") == true
            && ["RuntimeDefault", "Localhost"].contains(&profile)
            && own["allowPrivilegeEscalation"] == false
            && items(&own["capabilities"]["drop"]).any(|dropped| dropped == "ALL")
    })
}

fn quotas(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let mut lines = Vec::new();
    for quota in gathered.list(Part::Quotas)? {
        let (hard, used) = (&quota["status"]["hard"], &quota["status"]["used"]);
        for (resource, most) in hard.as_object().into_iter().flatten() {
            let (most, now) = (text(most), text(&used[resource]));
            let full = nano(most).zip(nano(now)).is_some_and(|(most, now)| now >= most);
            if full
                && matches!(
                    resource.as_str(),
                    "pods"
                        | "requests.cpu"
                        | "requests.memory"
                        | "limits.cpu"
                        | "limits.memory"
                        | "cpu"
                        | "memory"
                )
            {
                lines.push(format!("{}: {now} of {most} {resource} used", full_name(quota)));
            }
        }
    }
    errors(&lines)
}

fn limit_ranges(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let mut lines = Vec::new();
    for range in gathered.list(Part::LimitRanges)? {
        let inside: Vec<_> = context
            .workloads()
            .filter(|o| o.id.namespace.as_deref() == Some(namespace(range)))
            .collect();
        for limit in items(&range["spec"]["limits"]).filter(|l| l["type"] == "Container") {
            for (resource, most) in limit["max"].as_object().into_iter().flatten() {
                let over = inside.iter().filter(|o| {
                    containers(&o.body["spec"]["template"]["spec"]).any(|c| {
                        let asked = nano(text(&c["resources"]["limits"][resource]));
                        asked.zip(nano(text(most))).is_some_and(|(asked, most)| asked > most)
                    })
                });
                let over: Vec<String> = over.map(|o| o.id.name.clone()).collect();
                if !over.is_empty() {
                    let range = full_name(range);
                    lines.push(format!(
                        "LimitRange {range} allows at most {} {resource}, which rejects {}",
                        text(most),
                        some_of(&over)
                    ));
                }
            }
        }
    }
    errors(&lines)
}

fn priority_classes(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let classes = gathered.list(Part::PriorityClasses)?;
    let lines = context.workloads().filter_map(|o| {
        let class = text(&o.body["spec"]["template"]["spec"]["priorityClassName"]);
        let exists = class.is_empty() || classes.iter().any(|c| name(c) == class);
        (!exists).then(|| format!("{} uses PriorityClass `{class}`, which does not exist", o.id))
    });
    errors(&lines.collect::<Vec<_>>())
}

fn pull_secrets(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let wanted = context.configuration().map_or(&[][..], |c| &c.images.pull_secrets);
    if wanted.is_empty() {
        return skipped("the configuration has no pull secrets");
    }
    let mut lines = Vec::new();
    for place in gathered.list(Part::Namespaces)?.iter().map(name) {
        let needed = NAMESPACES.contains(&place)
            && context.workloads().any(|o| o.id.namespace.as_deref() == Some(place));
        for secret in wanted.iter().filter(|_| needed) {
            if gathered.object(Part::Secrets, "Secret", place, secret)?.is_none() {
                lines.push(format!("{place}/{secret}"));
            }
        }
    }
    if lines.is_empty() { ok() } else { error(format!("missing: {}", some_of(&lines))) }
}
