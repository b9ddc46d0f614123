//! Volume claims that are not bound.

use serde_json::Value;

use super::cause::{Cause, Passing, Surroundings};
use super::text::clean;
use crate::object::ObjectId;

/// Why the first claim of a pod that is not bound is not.
pub(super) fn of_pod(pod: &Value, around: &Surroundings) -> Option<Cause> {
    let volumes = pod["spec"]["volumes"].as_array()?;
    let names = volumes.iter().filter_map(|v| v["persistentVolumeClaim"]["claimName"].as_str());
    let mut claims = names.filter_map(|name| {
        let is_it = |claim: &&Value| claim["metadata"]["name"] == name;
        around.claims.iter().find(is_it)
    });
    claims.find_map(|claim| cause(claim, around))
}

/// Why a claim is not bound; `None` if it is.
pub(super) fn cause(claim: &Value, around: &Surroundings) -> Option<Cause> {
    let object = ObjectId::of(claim)?;
    if claim["status"]["phase"] != "Pending" {
        return None;
    }
    let class = claim["spec"]["storageClassName"].as_str();
    let (why, next_step, passing) = why(class, around);
    let message = format!("PersistentVolumeClaim {} is not bound: {why}", clean(&object.name));
    Some(Cause { object, reason: "Pending".to_owned(), message, next_step, passing })
}

fn why(class: Option<&str>, around: &Surroundings) -> (String, String, Passing) {
    let is_free = |volume: &&Value| {
        volume["spec"]["storageClassName"].as_str().unwrap_or_default() == class.unwrap_or_default()
            && matches!(volume["status"]["phase"].as_str(), Some("Available" | "Pending") | None)
    };
    // Where volumes cannot be read, one may fit.
    let fits = around.volumes.as_ref().is_none_or(|all| all.iter().find(is_free).is_some());
    let final_unless_fits = if fits { Passing::Possible } else { Passing::Impossible };
    let known = around.classes.as_deref();
    let exists =
        |name: &str| known.is_none_or(|all| all.iter().any(|c| c["metadata"]["name"] == name));
    let has_default = known.is_none_or(|all| all.iter().any(is_default_class));
    match class {
        Some("") => (
            "it takes only an existing PersistentVolume, and none fits".to_owned(),
            "create a PersistentVolume that fits, or use a StorageClass".to_owned(),
            Passing::Possible,
        ),
        Some(name) if !exists(name) => (
            format!("StorageClass {} does not exist", clean(name)),
            format!(
                "create StorageClass {}, or set `persistence.storageClass` to one of `kubectl get storageclass`",
                clean(name)
            ),
            final_unless_fits,
        ),
        None if !has_default => (
            "it has no StorageClass, and no StorageClass is the default".to_owned(),
            "make a StorageClass the default, or set `persistence.storageClass`".to_owned(),
            final_unless_fits,
        ),
        _ => (
            "its volume is not provisioned yet".to_owned(),
            "check that the provisioner of its StorageClass runs: `kubectl describe pvc` shows its events"
                .to_owned(),
            Passing::Possible,
        ),
    }
}

/// Whether a StorageClass is that of claims that name none.
pub fn is_default_class(class: &Value) -> bool {
    let annotations = &class["metadata"]["annotations"];
    [
        "storageclass.kubernetes.io/is-default-class",
        "storageclass.beta.kubernetes.io/is-default-class",
    ]
    .iter()
    .any(|key| annotations[key] == "true")
}
