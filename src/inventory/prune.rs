//! Decides whether an object that is no longer desired is deleted.

use serde_json::Value;

use super::Entry;
use crate::object::{
    DeletionConsent, FIELD_MANAGER, KeepMarker, ObjectId, Policy, Protected, Setting, SettingNames,
    rules,
};

/// What the user has consented to delete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Each is a consent of its own.
pub struct PruneOptions {
    /// CRDs, with every object of their kinds.
    pub crds: bool,
    /// Objects of kind `PersistentVolumeClaim`.
    pub data: bool,
    /// Namespaces, with everything in them.
    pub namespaces: bool,
    /// Objects of policy `create`, for example generated Secrets: `uninstall` deletes them.
    pub created: bool,
}

/// The decision about an entry that is no longer desired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prune {
    /// The object no longer exists.
    AlreadyDeleted,
    /// The object is deleted.
    Delete,
    /// The object is kept, but our fields are removed from it.
    ReleaseFields,
    /// The object is kept, for this reason.
    Keep(String),
}

/// Decides about an entry. `live` is the current object; `names` are used in the reason to keep it.
///
/// An object is deleted only if it is the one that ksi wrote: it has the same uid, if the target has uids,
/// and a field that ksi owns, if the target tracks field ownership.
pub fn prune(
    entry: &Entry,
    live: Option<&Value>,
    options: PruneOptions,
    names: SettingNames,
) -> Prune {
    let Some(live) = live else { return Prune::AlreadyDeleted };
    let metadata = &live["metadata"];
    let keep = |reason: &str| Prune::Keep(reason.to_owned());

    if let (Some(ours), Some(uid)) = (&entry.uid, metadata["uid"].as_str())
        && ours != uid
    {
        return keep("recreated by somebody else: its uid differs from the recorded one");
    }
    if entry.uid.is_none() && metadata["uid"].is_string() && entry.policy != Policy::Patch {
        return keep(
            "written by a run that was interrupted before it recorded the uid; the next run can tell \
             whether it is ours",
        );
    }
    if entry.policy == Policy::Patch {
        return Prune::ReleaseFields;
    }
    if let Some(marker) = keep_marker(live) {
        return Prune::Keep(format!("annotated with {}={}", marker.annotation, marker.value));
    }
    if entry.policy == Policy::Create && !options.created {
        return keep(
            "created once and not managed since; delete it with kubectl if it is no longer needed",
        );
    }
    if let Some(protected) = missing_consent(&entry.id, options) {
        return Prune::Keep(format!(
            "{}; to delete it, use {}",
            protected.because,
            names.of(Setting::Deletion(protected.consent))
        ));
    }
    match metadata["managedFields"].as_array() {
        // Of some objects ksi owns only the name: they never had a field that could be lost.
        Some(entries)
            if entry.policy == Policy::Apply
                && entry.owned.is_some()
                && !entries.iter().any(|e| e["manager"] == FIELD_MANAGER) =>
        {
            keep("ksi no longer owns any of its fields")
        }
        _ => Prune::Delete,
    }
}

/// Whether an object is kept only for now: for lack of consent, or by an annotation, which a user may remove.
pub fn is_kept_for_now(id: &ObjectId, live: Option<&Value>, options: PruneOptions) -> bool {
    missing_consent(id, options).is_some() || live.is_some_and(|live| keep_marker(live).is_some())
}

/// The annotation by which a user keeps an object.
fn keep_marker(live: &Value) -> Option<&'static KeepMarker> {
    let annotations = &live["metadata"]["annotations"];
    let mut markers = rules().pruning.keep_markers.iter();
    markers.find(|marker| annotations[&marker.annotation] == marker.value.as_str())
}

/// Why an object is kept for lack of consent, and which one is missing.
pub fn missing_consent(id: &ObjectId, options: PruneOptions) -> Option<&'static Protected> {
    let protected = rules().pruning.protected.iter().find(|known| known.kind.matches(id))?;
    let consented = match protected.consent {
        DeletionConsent::DeleteCrds => options.crds,
        DeletionConsent::DeleteData => options.data,
        DeletionConsent::DeleteNamespaces => options.namespaces,
    };
    (!consented).then_some(protected)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn entry(api: &str, kind: &str, policy: Policy) -> Entry {
        let body = json!({"apiVersion": api, "kind": kind, "metadata": {"name": "x"}});
        Entry {
            id: ObjectId::of(&body).unwrap(),
            uid: Some("u1".into()),
            component: "c".into(),
            policy,
            kept: false,
            digest: "d".into(),
            owned: None,
            written: None,
            base: BTreeMap::new(),
        }
    }

    fn kept(entry: &Entry, metadata: &Value) -> bool {
        let live = json!({"metadata": metadata});
        matches!(
            prune(entry, Some(&live), PruneOptions::default(), SettingNames::default()),
            Prune::Keep(_)
        )
    }

    #[test]
    fn our_objects_are_deleted() {
        let deployment = entry("apps/v1", "Deployment", Policy::Apply);
        let options = PruneOptions::default();
        assert_eq!(
            prune(&deployment, None, options, SettingNames::default()),
            Prune::AlreadyDeleted
        );
        for live in [
            json!({}),
            json!({"metadata": {"uid": "u1"}}),
            json!({"metadata": {"uid": "u1", "managedFields": [{"manager": "ksi"}]}}),
        ] {
            assert_eq!(
                prune(&deployment, Some(&live), options, SettingNames::default()),
                Prune::Delete,
                "{live}"
            );
        }
    }

    #[test]
    fn objects_that_are_no_longer_ours_are_kept() {
        let mut deployment = entry("apps/v1", "Deployment", Policy::Apply);
        assert!(kept(&deployment, &json!({"uid": "u2"})));
        // A ServiceAccount never had a field of ours, and is ours all the same.
        let taken = json!({"managedFields": [{"manager": "kubectl"}]});
        assert!(!kept(&deployment, &taken));
        deployment.owned = Some("o".into());
        assert!(kept(&deployment, &taken));
        assert!(kept(&deployment, &json!({"annotations": {"helm.sh/resource-policy": "keep"}})));
    }

    #[test]
    fn policies_and_protected_kinds_are_kept_without_consent() {
        let live = json!({"metadata": {}});
        let all = PruneOptions { crds: true, data: true, namespaces: true, created: true };
        for protected in [
            entry("apiextensions.k8s.io/v1", "CustomResourceDefinition", Policy::Apply),
            entry("v1", "PersistentVolumeClaim", Policy::Apply),
            entry("v1", "Namespace", Policy::Apply),
            entry("v1", "Secret", Policy::Create),
        ] {
            assert!(kept(&protected, &json!({})), "{}", protected.id);
            assert_eq!(
                prune(&protected, Some(&live), all, SettingNames::default()),
                Prune::Delete,
                "{}",
                protected.id
            );
        }
        let patched = entry("v1", "Namespace", Policy::Patch);
        assert_eq!(
            prune(&patched, Some(&live), all, SettingNames::default()),
            Prune::ReleaseFields
        );
    }
}
