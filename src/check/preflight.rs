//! The preflight checks of a run, made before its first write: conditions under which it would certainly
//! fail, or do harm. They read only what they need, and data that cannot be read does not stop a run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::access_review::rights;
use super::backend::orphaned_webhooks;
use super::checks::AVAILABLE;
use super::context::{Configured, Context};
use super::gather::{endpoints, lists_of, pull_secrets};
use super::gathered::{Gathered, Objects, Part, Read};
use super::images;
use super::interception::{Operation, Written, intercepted};
use super::manifest::items;
use super::report::{Report, Row};
use super::verdict::{Outcome, ReadError, UNREAD};
use super::{Check, checks};
use crate::cluster::Cluster;
use crate::facts::KubernetesVersion;
use crate::object::{Object, ObjectId, is_terminating};
use crate::rights::{self, Purpose};

/// The checks of the table whose failure makes a run fail or do harm. Terminating objects are not among
/// them: the run waits for those.
const CHECKS: &[&str] = &[
    "kubernetes-version",
    "clock-skew",
    "rights",
    "rights-escalation",
    "rights-lock",
    "webhooks-without-backend",
    OTHERS,
    "definitions-scope",
    "definitions-stored-versions",
];
/// Webhooks of others: only those that intercept a write of this run are evaluated.
const OTHERS: &str = "webhooks-of-others";
/// These need all Services, and run only if a Service with a fixed NodePort is written.
const PORTS: &[&str] = &["console-port", "tower-port"];
/// Without these, what is written does not become healthy. They run only if workloads or volume claims are
/// written and the run waits for them. Only errors count: a warning says nothing about this run.
const WORKLOADS: &[&str] = &[
    "kubelet-versions",
    "nodes-ready",
    "nodes-pressure",
    "nodes-network",
    "nodes-schedulable",
    "nodes-cpu",
    "nodes-memory",
    "storage-class-default",
    "storage-class-named",
    "volume-claims",
    "dns",
    "pod-security",
    "resource-quotas",
    "limit-ranges",
    "priority-classes",
    "pull-secrets",
];
/// Runs with those. Its warnings count: nobody else says that an image may be gone before its pod waits for it.
const IMAGES: &[&str] = &[AVAILABLE];
/// What these evaluate.
const WORKLOAD_PARTS: &[Part] = &[
    Part::Nodes,
    Part::StorageClasses,
    Part::Claims,
    Part::Namespaces,
    Part::Quotas,
    Part::LimitRanges,
    Part::PriorityClasses,
    Part::Services,
];

/// The writes that a run is about to make.
#[derive(Debug)]
pub struct Writes<'a> {
    /// All desired objects.
    pub desired: &'a [Object],
    /// Those that are written, and whether each is new.
    pub written: Vec<(&'a Object, bool)>,
    /// The objects that are deleted.
    pub deleted: Vec<&'a ObjectId>,
    /// The live objects among all these, at least their metadata.
    pub live: &'a BTreeMap<ObjectId, Value>,
    /// Webhook configurations that this run repairs before it writes anything that they intercept.
    pub healed: BTreeSet<&'a ObjectId>,
    /// Whether the run waits until everything is healthy.
    pub waits: bool,
    /// The version of the API server.
    pub kubernetes: KubernetesVersion,
}

/// Runs the preflight checks except those that are skipped by name. The report has only warnings and errors.
pub async fn preflight(
    cluster: &Cluster,
    writes: &Writes<'_>,
    context: &Context<'_>,
    skip: &[String],
) -> Report {
    let (ports, workloads) = (writes.has_ports(), writes.waits && writes.has_workloads());
    let groups = [(CHECKS, true), (PORTS, ports), (WORKLOADS, workloads), (IMAGES, workloads)];
    let wanted = checks()
        .filter(|check| groups.iter().any(|(ids, runs)| *runs && ids.contains(&check.id)))
        .filter(|check| !skip.iter().any(|id| id == check.id));
    let wanted: Vec<&Check> = wanted.collect();
    let mut gathered = gather(cluster, writes, &wanted, (ports, workloads)).await;
    if workloads {
        let secrets = context.configuration().map_or(&[][..], |c| &c.images.pull_secrets);
        gathered.objects.insert(Part::Secrets, pull_secrets(cluster, secrets).await);
        if wanted.iter().any(|check| check.id == AVAILABLE) {
            gathered.objects.extend(lists_of(cluster, &[Part::Pods]).await);
            let started: Vec<&Object> = writes.written.iter().map(|(object, _)| *object).collect();
            gathered.images = images::gather(&started, secrets, &gathered.objects).await;
        }
    }
    // What is there already needs no room, class or node.
    let written = Configured {
        configuration: context.configuration().cloned(),
        desired: writes.written.iter().map(|(object, _)| (*object).clone()).collect(),
        ..Configured::default()
    };
    let written = Context { configured: &written, now: context.now };
    let rows = wanted.into_iter().map(|check| {
        let of_workloads = WORKLOADS.contains(&check.id);
        let outcome =
            match (check.evaluate)(&gathered, if of_workloads { &written } else { context }) {
                Ok(Outcome::Warning(found)) if check.id == OTHERS && lacks_service(&gathered) => {
                    Outcome::Error(found)
                }
                Ok(Outcome::Warning(_)) if of_workloads => Outcome::Ok(None),
                Ok(outcome) => outcome,
                Err(ReadError(why)) => Outcome::Warning(format!("{UNREAD}{why}")),
            };
        Row::new(check.about(), outcome)
    });
    Report { rows: rows.filter(|row| row.outcome.is_problem()).collect() }
}

/// Whether the Service of a blocking webhook of others does not exist: missing pods may still start.
fn lacks_service(gathered: &Gathered) -> bool {
    let found = orphaned_webhooks(gathered).unwrap_or_default();
    found.iter().any(|one| !one.ours && one.blocks && one.lacks_service())
}

impl Writes<'_> {
    fn has_ports(&self) -> bool {
        let ports = |object: &Object| {
            object.id.kind == "Service"
                && items(&object.body["spec"]["ports"]).any(|port| port["nodePort"].is_u64())
        };
        self.written.iter().any(|(object, _)| ports(object))
    }

    fn has_workloads(&self) -> bool {
        let runs = |object: &Object| {
            let claim = object.id.kind == "PersistentVolumeClaim";
            claim || object.body.pointer("/spec/template/spec").is_some()
        };
        self.written.iter().any(|(object, _)| runs(object))
    }

    /// The writes that admission webhooks intercept. They never intercept webhook configurations.
    fn operations(&self) -> Vec<Written<'_>> {
        let written = self.written.iter().map(|(object, new)| Written {
            id: &object.id,
            labels: labels([self.live.get(&object.id), Some(&object.body)]),
            operation: if *new { Operation::Create } else { Operation::Update },
        });
        let deleted = self.deleted.iter().map(|id| Written {
            id,
            labels: labels([self.live.get(id), None]),
            operation: Operation::Delete,
        });
        let all = written.chain(deleted);
        all.filter(|write| write.id.group != "admissionregistration.k8s.io").collect()
    }

    /// The live and desired labels of a namespace.
    fn namespace(&self, name: &str) -> Value {
        let is_it = |id: &ObjectId| id.is_namespace() && id.name == name;
        let live = self.live.iter().find(|(id, _)| is_it(id)).map(|(_, live)| live);
        let wanted = self.desired.iter().find(|object| is_it(&object.id)).map(|o| &o.body);
        let mut labels = labels([live, wanted]);
        labels["kubernetes.io/metadata.name"] = name.into();
        labels
    }

    /// The live definitions that are written. Of one that is not written only the metadata is known, and it
    /// is up to date; a terminating one is created again.
    fn definitions(&self) -> Vec<Value> {
        let wanted = self.desired.iter().filter(|o| o.id.is_definition());
        let there = wanted.filter_map(|object| self.live.get(&object.id));
        let stays = there.filter(|live| !live["spec"].is_null() && !is_terminating(live));
        stays.cloned().collect()
    }
}

/// The live labels of an object, overlaid with the desired ones.
fn labels(bodies: [Option<&Value>; 2]) -> Value {
    let mut labels = json!({});
    for body in bodies.into_iter().flatten() {
        for (key, value) in body["metadata"]["labels"].as_object().into_iter().flatten() {
            labels[key] = value.clone();
        }
    }
    labels
}

async fn gather(
    cluster: &Cluster,
    writes: &Writes<'_>,
    wanted: &[&Check],
    (ports, workloads): (bool, bool),
) -> Gathered {
    let needed = {
        let mut needed = rights::writing(writes.written.iter().copied(), writes.desired);
        needed.extend(rights::deleting(writes.deleted.iter().copied(), writes.desired));
        needed.extend(rights::own(&[Purpose::Run]));
        needed
    };
    let includes = |category: &str| wanted.iter().any(|check| check.category == category);
    let lists = match (workloads, ports) {
        (true, _) => WORKLOAD_PARTS,
        (false, true) => &[Part::Services],
        (false, false) => &[],
    };
    let (rights, webhooks, others) = futures_util::join!(
        async {
            if includes(super::checks::PERMISSIONS) {
                rights(cluster, &needed).await
            } else {
                Err("not requested".to_owned())
            }
        },
        lists_of(cluster, &[Part::MutatingWebhooks, Part::ValidatingWebhooks]),
        lists_of(cluster, lists),
    );
    let mut objects = intercepting(writes, webhooks);
    let any = objects.values().any(|read| read.as_ref().is_ok_and(|list| !list.is_empty()));
    objects.extend(others);
    gather_backends(cluster, &mut objects, any || workloads).await;
    objects.insert(Part::Definitions, Ok(writes.definitions()));
    Gathered {
        version: Ok(json!({"gitVersion": format!("v{}", writes.kubernetes)})),
        server_time: cluster
            .server_time()
            .ok_or_else(|| "no response had a Date header".to_owned()),
        rights,
        objects,
        ..Gathered::default()
    }
}

/// The webhooks that intercept a write of this run.
fn intercepting(writes: &Writes<'_>, webhooks: Objects) -> Objects {
    let operations = writes.operations();
    let namespace = |name: &str| writes.namespace(name);
    let is_not_healed = |configuration: &Value| {
        !ObjectId::of(configuration).is_some_and(|id| writes.healed.contains(&id))
    };
    let filtered = |(part, read): (Part, Read<Vec<Value>>)| {
        let read = read.map(|all| {
            let all = all.into_iter().filter(is_not_healed);
            all.filter_map(|one| intercepted(one, &operations, &namespace)).collect()
        });
        (part, read)
    };
    webhooks.into_iter().map(filtered).collect()
}

/// Reads the Services and endpoints behind the webhooks that are left, and of DNS, if any is `needed`.
async fn gather_backends(cluster: &Cluster, objects: &mut Objects, needed: bool) {
    if !needed {
        objects.insert(Part::Endpoints, Ok(Vec::new()));
        objects.entry(Part::Services).or_insert_with(|| Ok(Vec::new()));
        return;
    }
    if !objects.contains_key(&Part::Services) {
        objects.extend(lists_of(cluster, &[Part::Services]).await);
    }
    let read = endpoints(cluster, objects).await;
    objects.insert(Part::Endpoints, read);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `ksi check --pre` calls an error and a run finds by itself, waits for, or is not about.
    const ELSEWHERE: &[(&str, &str)] = &[
        ("api-reachable", "the plan needs it"),
        ("server-side-apply", "the plan needs it"),
        ("api-services", "only warnings"),
        ("configuration-valid", "an invalid one is refused before"),
        ("configuration-warnings", "only warnings, shown before"),
        ("nodes-architecture", "only warnings"),
        ("load-balancer", "only warnings"),
        ("helm-releases", "only warnings"),
        ("helm-pending", "only warnings"),
        ("finalizers-without-controller", "an installation brings the controller back"),
        ("ks-installer", "a risk that needs a consent"),
        ("namespaces-terminating", "the run waits for it"),
        ("definitions-terminating", "the run waits for it"),
        ("definitions-established", "the run waits for it"),
        ("jwt-secret", "a member takes over that of its host, good or bad"),
        ("jwt-secret-member", "a rule of the configuration"),
        ("inventory", "the plan needs it"),
        ("lock", "the run waits for it"),
        ("one-configuration", "only warnings"),
        ("kubefed-scope", "a conflict in the plan"),
    ];

    #[test]
    fn every_check_before_an_installation_is_made_before_a_run_or_has_a_reason_not_to_be() {
        let made = |id| [CHECKS, PORTS, WORKLOADS, IMAGES].iter().any(|ids| ids.contains(&id));
        for check in checks().filter(|check| check.is_for(true)) {
            let elsewhere = ELSEWHERE.iter().any(|(id, _)| *id == check.id);
            assert!(made(check.id) != elsewhere, "{}: in one of the two lists", check.id);
        }
        for (id, _) in ELSEWHERE {
            assert!(checks().any(|check| check.id == *id && check.is_for(true)), "{id}");
        }
    }
}
