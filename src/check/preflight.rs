//! The preflight checks of a run, made before its first write: conditions under which it would certainly
//! fail, or do harm. They read only what they need, and data that cannot be read does not stop a run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::access_review::rights;
use super::backend::orphaned_webhooks;
use super::context::Context;
use super::gather::{Objects, endpoints, lists_of};
use super::gathered::{Gathered, Part, Read};
use super::interception::{Operation, Written, intercepted};
use super::manifest::items;
use super::report::{Report, Row};
use super::verdict::{Outcome, ReadError};
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
    let ports = writes.has_ports();
    let wanted = checks()
        .filter(|check| CHECKS.contains(&check.id) || (ports && PORTS.contains(&check.id)))
        .filter(|check| !skip.iter().any(|id| id == check.id));
    let wanted: Vec<&Check> = wanted.collect();
    let gathered = gather(cluster, writes, &wanted, ports).await;
    let rows = wanted.into_iter().map(|check| {
        let outcome = match (check.evaluate)(&gathered, context) {
            Ok(Outcome::Warning(found)) if check.id == OTHERS && lacks_service(&gathered) => {
                Outcome::Error(found)
            }
            Ok(outcome) => outcome,
            Err(ReadError(why)) => Outcome::Warning(format!("could not be read: {why}")),
        };
        Row { check, outcome }
    });
    let is_problem = |row: &Row| matches!(row.outcome, Outcome::Warning(_) | Outcome::Error(_));
    Report { rows: rows.filter(is_problem).collect() }
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
    ports: bool,
) -> Gathered {
    let needed = {
        let mut needed = rights::writing(writes.written.iter().copied(), writes.desired);
        needed.extend(rights::deleting(writes.deleted.iter().copied(), writes.desired));
        needed.extend(rights::own(&[Purpose::Run]));
        needed
    };
    let includes = |category: &str| wanted.iter().any(|check| check.category == category);
    let (rights, webhooks, services) = futures_util::join!(
        async {
            if includes(super::checks::PERMISSIONS) {
                rights(cluster, &needed).await
            } else {
                Err("not requested".to_owned())
            }
        },
        lists_of(cluster, &[Part::MutatingWebhooks, Part::ValidatingWebhooks]),
        async { if ports { lists_of(cluster, &[Part::Services]).await } else { BTreeMap::new() } },
    );
    let mut objects = intercepting(writes, webhooks);
    objects.extend(services);
    gather_backends(cluster, &mut objects).await;
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

/// Reads the Services and endpoints behind the webhooks that are left.
async fn gather_backends(cluster: &Cluster, objects: &mut Objects) {
    let any = objects.iter().any(|(part, read)| {
        *part != Part::Services && read.as_ref().is_ok_and(|list| !list.is_empty())
    });
    if !any {
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
