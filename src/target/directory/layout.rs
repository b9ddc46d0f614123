//! The file of each object.
//!
//! `kubectl apply -f PATH --recursive` walks folders and files by name, so the folders are numbered
//! by what must be there first. A path depends on the object's identity alone: new objects move no
//! file, and two objects never share one, also where case makes no difference.
//!
//! This is a format on disk: a kind that moves to another folder leaves its old file behind.

use std::fmt::Write as _;
use std::path::PathBuf;

use aws_lc_rs::digest::{SHA256, digest};

use crate::object::ObjectId;

/// Longest file name without its end; file systems take 255 bytes.
const LONGEST: usize = 180;

/// Custom resources come before the extensions: kubectl does not wait for the pods behind a webhook
/// or an aggregated API, and one without a backend rejects requests.
const FOLDERS: &[(&str, &[&str])] = &[
    ("00-namespaces", &["Namespace"]),
    ("10-crds", &["CustomResourceDefinition.apiextensions.k8s.io"]),
    (
        "20-access",
        &[
            "ClusterRole.rbac.authorization.k8s.io",
            "ClusterRoleBinding.rbac.authorization.k8s.io",
            "Role.rbac.authorization.k8s.io",
            "RoleBinding.rbac.authorization.k8s.io",
            "ServiceAccount",
        ],
    ),
    (
        SECRETS,
        &[
            "ConfigMap",
            // Read once, by the controller manager when it starts.
            "KubeFedConfig.core.kubefed.io",
            "LimitRange",
            "NetworkPolicy.networking.k8s.io",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "PodDisruptionBudget.policy",
            "PriorityClass.scheduling.k8s.io",
            "ResourceQuota",
            "Secret",
            "StorageClass.storage.k8s.io",
        ],
    ),
    ("40-services", &["Service"]),
    (
        "50-workloads",
        &[
            "CronJob.batch",
            "DaemonSet.apps",
            "Deployment.apps",
            "HorizontalPodAutoscaler.autoscaling",
            "Job.batch",
            "Pod",
            "StatefulSet.apps",
        ],
    ),
    (
        "70-extensions",
        &[
            "APIService.apiregistration.k8s.io",
            "MutatingWebhookConfiguration.admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
        ],
    ),
];
const RESOURCES: &str = "60-resources";

/// The folder that has the Secrets.
pub(super) const SECRETS: &str = "30-configuration";

/// The folders in the order in which kubectl walks them.
pub(super) fn folders() -> impl Iterator<Item = &'static str> {
    FOLDERS.iter().map(|(folder, _)| *folder).chain([RESOURCES])
}

/// The path of an object's file below the directory: `50-workloads/deployment_NAMESPACE_NAME.yaml`.
pub(super) fn path(id: &ObjectId) -> PathBuf {
    let mut kind = id.kind.clone();
    if !id.group.is_empty() {
        let _ = write!(kind, ".{}", id.group);
    }
    let folder = FOLDERS.iter().find(|(_, kinds)| kinds.contains(&kind.as_str()));
    // Kinds of Kubernetes itself are known without their group; others could share a name.
    let (folder, kind) = match folder {
        Some((folder, _)) => (*folder, &id.kind),
        None => (RESOURCES, &kind),
    };
    let mut name = kind.to_ascii_lowercase();
    for part in [id.namespace.as_deref(), Some(&id.name)].into_iter().flatten() {
        let _ = write!(name, "_{part}");
    }
    PathBuf::from(folder).join(format!("{}.yaml", safe(&name, id)))
}

/// A name that is unique on every file system. If characters had to be replaced, the hash
/// of the identity makes the names different.
fn safe(name: &str, id: &ObjectId) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let underscores = 1 + usize::from(id.namespace.is_some());
    if name.len() <= LONGEST && name.chars().all(plain) && name.matches('_').count() == underscores
    {
        return name.to_owned();
    }
    let mut text: String = name
        .chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if plain(c) { c } else { '-' })
        .take(LONGEST)
        .collect();
    text.push('_');
    let meant = format!("{}/{}/{id}", id.group, id.kind);
    text + &hex::encode(&digest(&SHA256, meant.as_bytes()).as_ref()[..6])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn of(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> String {
        let mut body = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
        if let Some(namespace) = namespace {
            body["metadata"]["namespace"] = json!(namespace);
        }
        path(&ObjectId::of(&body).unwrap()).to_str().unwrap().to_owned()
    }

    #[test]
    fn names_say_what_the_file_holds() {
        let rbac = "rbac.authorization.k8s.io/v1";
        let names = [
            of("v1", "Namespace", None, "kubesphere-system"),
            of(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                None,
                "users.iam.kubesphere.io",
            ),
            of(rbac, "ClusterRole", None, "tower"),
            of(rbac, "ClusterRoleBinding", None, "system:kubesphere-cluster-admin"),
            of("v1", "Secret", Some("kubesphere-system"), "kubesphere-secret"),
            of("apps/v1", "Deployment", Some("kubesphere-system"), "tower"),
            of("iam.kubesphere.io/v1alpha2", "User", None, "admin"),
            of("quota.kubesphere.io/v1alpha2", "ResourceQuota", None, "q"),
            of("v1", "ResourceQuota", Some("ns"), "q"),
            of("apiregistration.k8s.io/v1", "APIService", None, "v1beta1.metrics.k8s.io"),
        ];
        insta::assert_snapshot!(names.join("\n"));
    }

    #[test]
    fn names_differ_on_every_file_system() {
        let rbac = "rbac.authorization.k8s.io/v1";
        let long = "x".repeat(250);
        let names = [
            of(rbac, "ClusterRole", None, "a:b"),
            of(rbac, "ClusterRole", None, "a-b"),
            of(rbac, "ClusterRole", None, "A-b"),
            of(rbac, "ClusterRole", None, "a_b"),
            of(rbac, "Role", Some("a"), "b_c"),
            of(rbac, "Role", Some("a"), "b"),
            of(rbac, "ClusterRole", None, "../../etc/passwd"),
            of(rbac, "ClusterRole", None, "é"),
            of(rbac, "ClusterRole", None, &format!("{long}1")),
            of(rbac, "ClusterRole", None, &format!("{long}2")),
        ];
        let distinct: BTreeSet<String> = names.iter().map(|n| n.to_lowercase()).collect();
        assert_eq!(distinct.len(), names.len(), "{names:#?}");
        for name in &names {
            assert_eq!(name.matches('/').count(), 1, "{name}");
            assert!(name.len() < 220 && name.is_ascii(), "{name}");
        }
    }
}
