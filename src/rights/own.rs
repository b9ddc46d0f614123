//! The permissions of ksi itself, independent of what is installed.

use std::collections::BTreeSet;

use super::{Right, SYSTEM};
use crate::object::kubesphere;

/// The purpose of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Every run needs it.
    Run,
    /// Without it a run cannot diagnose unhealthy objects.
    Diagnosis,
    /// Only other commands use it: checks, status, logs, events, support bundles, replacing ks-installer.
    Inspection,
    /// Only the controller and the Job need it.
    Controller,
}
use Purpose::{Controller, Diagnosis, Inspection, Run};

impl Purpose {
    /// Every purpose.
    pub const ALL: &[Self] = &[Run, Diagnosis, Inspection, Controller];
}

struct Row {
    occasion: Purpose,
    group: &'static str,
    resource: &'static str,
    /// The namespace, if it is needed in only one.
    namespace: Option<&'static str>,
    verbs: &'static [&'static str],
    /// The names, if it is needed for only some objects.
    names: &'static [&'static str],
}

const fn row(
    occasion: Purpose,
    (group, resource): (&'static str, &'static str),
    namespace: Option<&'static str>,
    verbs: &'static [&'static str],
    names: &'static [&'static str],
) -> Row {
    Row { occasion, group, resource, namespace, verbs, names }
}

const HERE: Option<&str> = Some(SYSTEM);
const LEASES: (&str, &str) = ("coordination.k8s.io", "leases");
const CONFIGURATIONS: (&str, &str) = ("installer.kubesphere.io", "clusterconfigurations");
const SECRETS: (&str, &str) = ("", "secrets");
const LIST: &[&str] = &["list"];
const FOLLOW: &[&str] = &["list", "watch"];

const TABLE: &[Row] = &[
    // The lock.
    row(Run, LEASES, HERE, &["create"], &[]),
    row(Run, LEASES, HERE, &["get", "update"], &[kubesphere::LOCK]),
    // The inventory, the stored values, and the history, whose Secrets have numbers.
    row(Run, SECRETS, HERE, &["get", "list", "create"], &[]),
    row(Inspection, SECRETS, HERE, &["delete"], &[]),
    row(Run, SECRETS, HERE, &["update"], &["ksi-inventory", "ksi-values"]),
    // Facts about the cluster, and the members of a host.
    row(Run, ("", "nodes"), None, &["get", "list"], &[]),
    row(Inspection, ("cluster.kubesphere.io", "clusters"), None, LIST, &[]),
    // The old ks-installer.
    row(Run, ("apps", "deployments"), HERE, &["get"], &[]),
    row(Inspection, ("apps", "deployments"), HERE, &["delete"], &[kubesphere::INSTALLER]),
    // Why something is not healthy.
    row(Diagnosis, ("", "pods"), None, FOLLOW, &[]),
    row(Diagnosis, ("", "pods/log"), None, &["get"], &[]),
    row(Diagnosis, ("", "events"), None, FOLLOW, &[]),
    row(Diagnosis, ("apps", "replicasets"), None, LIST, &[]),
    row(Diagnosis, ("", "persistentvolumeclaims"), None, LIST, &[]),
    row(Diagnosis, ("", "persistentvolumes"), None, LIST, &[]),
    row(Diagnosis, ("storage.k8s.io", "storageclasses"), None, LIST, &[]),
    // A dry run of server-side apply.
    row(Inspection, ("", "configmaps"), Some("default"), &["create", "patch"], &["ksi-check"]),
    // Obstacles: NodePorts in use, webhooks without a backend.
    row(Inspection, ("", "services"), None, LIST, &[]),
    row(Inspection, ("discovery.k8s.io", "endpointslices"), None, LIST, &[]),
    row(
        Inspection,
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
        None,
        LIST,
        &[],
    ),
    row(
        Inspection,
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
        None,
        LIST,
        &[],
    ),
    row(Inspection, ("", "limitranges"), None, LIST, &[]),
    row(Inspection, ("", "namespaces"), None, LIST, &[]),
    row(Inspection, ("", "resourcequotas"), None, LIST, &[]),
    row(Inspection, SECRETS, None, &["get", "list"], &[]),
    row(Inspection, ("apiregistration.k8s.io", "apiservices"), None, LIST, &[]),
    row(Inspection, ("apps", "deployments"), None, LIST, &[]),
    row(Inspection, ("scheduling.k8s.io", "priorityclasses"), None, LIST, &[]),
    // The configuration of the cluster.
    row(Inspection, CONFIGURATIONS, HERE, &["get"], &[kubesphere::INSTALLER]),
    // It is followed; another one, in whatever namespace, is reported.
    row(Controller, CONFIGURATIONS, None, FOLLOW, &[]),
    row(
        Controller,
        ("installer.kubesphere.io", "clusterconfigurations/status"),
        HERE,
        &["patch"],
        &[kubesphere::INSTALLER],
    ),
    row(Controller, ("", "events"), HERE, &["create"], &[]),
    // Which of several replicas leads.
    row(Controller, LEASES, HERE, &["get", "update", "delete"], &[kubesphere::INSTALLER]),
    // Its admission webhook: the certificate and the registration.
    row(Controller, SECRETS, HERE, &["update"], &["ksi-webhook"]),
    row(
        Controller,
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
        None,
        &["create", "patch"],
        &["clusterconfigurations.installer.kubesphere.io"],
    ),
];

/// The permissions for these purposes.
pub fn own(occasions: &[Purpose]) -> BTreeSet<Right> {
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
