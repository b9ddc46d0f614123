//! The checks that `ksi apply` makes before its first write: what would make the run fail for certain, or
//! do harm. They ask for no more than they need, and what they cannot read stops nobody.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::backend::abandoned;
use super::context::Context;
use super::gather::{Objects, endpoints, lists_of};
use super::gathered::{Gathered, Part, Read};
use super::guarded::{Operation, Written, guarded};
use super::may::rights;
use super::report::{Report, Row};
use super::see::items;
use super::verdict::{Outcome, Unread};
use super::{Check, checks};
use crate::cluster::Cluster;
use crate::facts::KubernetesVersion;
use crate::object::{Object, ObjectId, is_departing};
use crate::rights::{self, Occasion};

/// What of the table makes a run fail for certain, or makes it do harm. What is being deleted is not in it:
/// the run waits for that.
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
/// Webhooks of others: those that are left here guard what is written.
const OTHERS: &str = "webhooks-of-others";
/// These need all Services, and are made when one with a port of its own is written.
const PORTS: &[&str] = &["console-port", "tower-port"];

/// What a run is about to do.
#[derive(Debug)]
pub struct Writes<'a> {
    /// Everything that is wanted.
    pub desired: &'a [Object],
    /// What is written of it, and whether it is new.
    pub written: Vec<(&'a Object, bool)>,
    /// What is deleted.
    pub deleted: Vec<&'a ObjectId>,
    /// What is there of all that, at least its metadata.
    pub live: &'a BTreeMap<ObjectId, Value>,
    /// Webhook configurations that this run puts right before anything that they guard is written.
    pub healed: BTreeSet<&'a ObjectId>,
    /// The version of the API server.
    pub kubernetes: KubernetesVersion,
}

/// Makes these checks, but those that are left out by name. Only trouble is told.
pub async fn before(
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
        let outcome = match (check.judge)(&gathered, context) {
            Ok(Outcome::Warning(found)) if check.id == OTHERS && is_gone(&gathered) => {
                Outcome::Error(found)
            }
            Ok(outcome) => outcome,
            Err(Unread(why)) => Outcome::Warning(format!("could not be read: {why}")),
        };
        Row { check, outcome }
    });
    let is_trouble = |row: &Row| matches!(row.outcome, Outcome::Warning(_) | Outcome::Error(_));
    Report { rows: rows.filter(is_trouble).collect() }
}

/// Whether the Service of a webhook of others is not there at all: pods may be on their way.
fn is_gone(gathered: &Gathered) -> bool {
    let found = abandoned(gathered).unwrap_or_default();
    found.iter().any(|one| !one.ours && one.blocks && one.is_gone())
}

impl Writes<'_> {
    fn has_ports(&self) -> bool {
        let ports = |object: &Object| {
            object.id.kind == "Service"
                && items(&object.body["spec"]["ports"]).any(|port| port["nodePort"].is_u64())
        };
        self.written.iter().any(|(object, _)| ports(object))
    }

    /// What admission is asked about. It is never asked about configurations of webhooks.
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

    /// The labels of a namespace, as it is and as it is wanted.
    fn namespace(&self, name: &str) -> Value {
        let is_it = |id: &ObjectId| id.is_namespace() && id.name == name;
        let live = self.live.iter().find(|(id, _)| is_it(id)).map(|(_, live)| live);
        let wanted = self.desired.iter().find(|object| is_it(&object.id)).map(|o| &o.body);
        let mut labels = labels([live, wanted]);
        labels["kubernetes.io/metadata.name"] = name.into();
        labels
    }

    /// The definitions that are written and are there. Of one that is not written only the metadata are
    /// known, and it fits; one that is being deleted is made anew.
    fn definitions(&self) -> Vec<Value> {
        let wanted = self.desired.iter().filter(|o| o.id.is_definition());
        let there = wanted.filter_map(|object| self.live.get(&object.id));
        let stays = there.filter(|live| !live["spec"].is_null() && !is_departing(live));
        stays.cloned().collect()
    }
}

/// The labels of an object as it is, and over them those that are wanted.
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
        needed.extend(rights::own(&[Occasion::Run]));
        needed
    };
    let asks = |category: &str| wanted.iter().any(|check| check.category == category);
    let (rights, webhooks, services) = futures_util::join!(
        async {
            if asks("Rights") {
                rights(cluster, &needed).await
            } else {
                Err("they were not asked for".to_owned())
            }
        },
        lists_of(cluster, &[Part::MutatingWebhooks, Part::ValidatingWebhooks]),
        async { if ports { lists_of(cluster, &[Part::Services]).await } else { BTreeMap::new() } },
    );
    let mut objects = left_over(writes, webhooks);
    objects.extend(services);
    behind(cluster, &mut objects).await;
    objects.insert(Part::Definitions, Ok(writes.definitions()));
    Gathered {
        version: Ok(json!({"gitVersion": format!("v{}", writes.kubernetes)})),
        server_time: cluster.server_time().ok_or_else(|| "no answer had a date".to_owned()),
        rights,
        objects,
        ..Gathered::default()
    }
}

/// Of all webhooks those that guard what is written.
fn left_over(writes: &Writes<'_>, webhooks: Objects) -> Objects {
    let operations = writes.operations();
    let namespace = |name: &str| writes.namespace(name);
    let is_left = |configuration: &Value| {
        !ObjectId::of(configuration).is_some_and(|id| writes.healed.contains(&id))
    };
    let left = |(part, read): (Part, Read<Vec<Value>>)| {
        let read = read.map(|all| {
            let all = all.into_iter().filter(is_left);
            all.filter_map(|one| guarded(one, &operations, &namespace)).collect()
        });
        (part, read)
    };
    webhooks.into_iter().map(left).collect()
}

/// What stands behind the webhooks that are left.
async fn behind(cluster: &Cluster, objects: &mut Objects) {
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
