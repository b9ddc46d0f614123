//! What ksi itself needs, whatever is installed.

use std::collections::BTreeSet;

use super::{Right, SYSTEM};
use crate::object::kubesphere;

/// What a right of ksi's own is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// No run gets to its end without it.
    Run,
    /// Without it a run cannot say why something is not well.
    Diagnosis,
    /// Only other verbs use it: `check`, `status`, `logs`, `events`, `bundle`, `--replace-ks-installer`.
    Look,
}
use Occasion::{Diagnosis, Look, Run};

struct Row {
    occasion: Occasion,
    group: &'static str,
    resource: &'static str,
    /// The only namespace in which it is needed.
    namespace: Option<&'static str>,
    verbs: &'static [&'static str],
    /// The only objects for which it is needed.
    names: &'static [&'static str],
}

const fn row(
    occasion: Occasion,
    (group, resource): (&'static str, &'static str),
    namespace: Option<&'static str>,
    verbs: &'static [&'static str],
    names: &'static [&'static str],
) -> Row {
    Row { occasion, group, resource, namespace, verbs, names }
}

const HERE: Option<&str> = Some(SYSTEM);
const LEASES: (&str, &str) = ("coordination.k8s.io", "leases");
const SECRETS: (&str, &str) = ("", "secrets");
const LIST: &[&str] = &["list"];
const FOLLOW: &[&str] = &["list", "watch"];

const TABLE: &[Row] = &[
    // The lock.
    row(Run, LEASES, HERE, &["create"], &[]),
    row(Run, LEASES, HERE, &["get", "update"], &[kubesphere::LOCK]),
    // The inventory, kept values, and the history, whose Secrets have numbers.
    row(Run, SECRETS, HERE, &["get", "list", "create"], &[]),
    row(Look, SECRETS, HERE, &["delete"], &[]),
    row(Run, SECRETS, HERE, &["update"], &["ksi-inventory", "ksi-values"]),
    // What the cluster is, and which members a host has.
    row(Run, ("", "nodes"), None, &["get", "list"], &[]),
    row(Look, ("cluster.kubesphere.io", "clusters"), None, LIST, &[]),
    // Another installer.
    row(Run, ("apps", "deployments"), HERE, &["get"], &[]),
    row(Look, ("apps", "deployments"), HERE, &["delete"], &[kubesphere::INSTALLER]),
    // Why something is not healthy.
    row(Diagnosis, ("", "pods"), None, FOLLOW, &[]),
    row(Diagnosis, ("", "pods/log"), None, &["get"], &[]),
    row(Diagnosis, ("", "events"), None, FOLLOW, &[]),
    // Whether an apply is let in, asked by one that changes nothing.
    row(Look, ("", "configmaps"), Some("default"), &["create", "patch"], &["ksi-check"]),
    // What stands in the way: ports that others have, webhooks without a backend.
    row(Look, ("", "services"), None, LIST, &[]),
    row(Look, ("discovery.k8s.io", "endpointslices"), None, LIST, &[]),
    row(Look, ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"), None, LIST, &[]),
    row(Look, ("admissionregistration.k8s.io", "validatingwebhookconfigurations"), None, LIST, &[]),
    row(Look, ("", "limitranges"), None, LIST, &[]),
    row(Look, ("", "namespaces"), None, LIST, &[]),
    row(Look, ("", "persistentvolumeclaims"), None, LIST, &[]),
    row(Look, ("", "resourcequotas"), None, LIST, &[]),
    row(Look, SECRETS, None, &["get", "list"], &[]),
    row(Look, ("apiregistration.k8s.io", "apiservices"), None, LIST, &[]),
    row(Look, ("apps", "deployments"), None, LIST, &[]),
    row(Look, ("scheduling.k8s.io", "priorityclasses"), None, LIST, &[]),
    row(Look, ("storage.k8s.io", "storageclasses"), None, LIST, &[]),
    // The configuration of the cluster, where the command line gives none.
    row(
        Look,
        ("installer.kubesphere.io", "clusterconfigurations"),
        HERE,
        &["get"],
        &[kubesphere::INSTALLER],
    ),
];

/// The rights that are for one of these occasions.
pub fn own(occasions: &[Occasion]) -> BTreeSet<Right> {
    let rows = TABLE.iter().filter(|row| occasions.contains(&row.occasion));
    let rights = rows.flat_map(|row| {
        let names = match row.names {
            [] => vec![None],
            names => names.iter().map(|name| Some((*name).to_owned())).collect(),
        };
        row.verbs.iter().flat_map(move |verb| {
            names.clone().into_iter().map(move |name| Right {
                group: row.group.to_owned(),
                resource: row.resource.to_owned(),
                namespace: row.namespace.map(str::to_owned),
                verb: (*verb).to_owned(),
                name,
            })
        })
    });
    rights.collect()
}
