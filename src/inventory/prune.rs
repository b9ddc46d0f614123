//! Whether an object that nobody wants any more is removed, and why not.

use serde_json::Value;

use super::Entry;
use crate::object::{FIELD_MANAGER, GuardFlag, Guarded, ObjectId, Policy, rules};

/// What the user allowed to be removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Each is a flag of its own on the command line.
pub struct PruneOptions {
    /// `--delete-crds`: with every object of their kinds.
    pub crds: bool,
    /// `--delete-data`: objects of kind `PersistentVolumeClaim`.
    pub data: bool,
    /// `--delete-namespaces`: with everything in them.
    pub namespaces: bool,
    /// Objects of policy `create`, for instance generated Secrets: what `uninstall` removes.
    pub created: bool,
}

/// What becomes of an entry that nobody wants any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prune {
    /// The object is gone already.
    Gone,
    /// It is removed.
    Delete,
    /// It stays, and what we put on it is taken off.
    GiveBack,
    /// It stays, for this reason.
    Keep(String),
}

/// Decides on an entry. `live` is the object as it is now.
///
/// An object is removed only when it is the one that we wrote: same uid where there are uids, and
/// with a field of ours where the target knows who owns which.
pub fn prune(entry: &Entry, live: Option<&Value>, options: PruneOptions) -> Prune {
    let Some(live) = live else { return Prune::Gone };
    let metadata = &live["metadata"];
    let keep = |reason: &str| Prune::Keep(reason.to_owned());

    if metadata["labels"]["kubefed.io/managed"] == "true" {
        return keep("it belongs to the host cluster (label kubefed.io/managed=true)");
    }
    if let (Some(ours), Some(uid)) = (&entry.uid, metadata["uid"].as_str())
        && ours != uid
    {
        return keep(
            "somebody deleted ours and made another one of the same name (its uid differs)",
        );
    }
    if entry.uid.is_none() && metadata["uid"].is_string() && entry.policy != Policy::Patch {
        return keep(
            "it was written by a run that was stopped before it could record its uid; the next run \
             knows whether it is ours",
        );
    }
    if entry.policy == Policy::Patch {
        return Prune::GiveBack;
    }
    let is_set = |marker: &&crate::object::KeepMarker| {
        metadata["annotations"][&marker.annotation] == marker.value.as_str()
    };
    if let Some(marker) = rules().pruning.keep_markers.iter().find(is_set) {
        return Prune::Keep(format!(
            "it has the annotation {}: {}",
            marker.annotation, marker.value
        ));
    }
    if entry.policy == Policy::Create && !options.created {
        return keep("it is only created once, others own it since");
    }
    if let Some(guard) = closed(&entry.id, options) {
        return Prune::Keep(format!("{}; {} does it", guard.because, guard.flag.as_str()));
    }
    match metadata["managedFields"].as_array() {
        // Of some objects only the name is ours: they never had a field that could be lost.
        Some(entries)
            if entry.policy == Policy::Apply
                && entry.owned.is_some()
                && !entries.iter().any(|e| e["manager"] == FIELD_MANAGER) =>
        {
            keep("no field of it is ours any more")
        }
        _ => Prune::Delete,
    }
}

/// Whether an object stays only because a flag was not given.
pub fn waits_for_flag(id: &ObjectId, options: PruneOptions) -> bool {
    closed(id, options).is_some()
}

fn closed(id: &ObjectId, options: PruneOptions) -> Option<&'static Guarded> {
    let guard = rules().pruning.guarded.iter().find(|guard| guard.kind.matches(id))?;
    let open = match guard.flag {
        GuardFlag::DeleteCrds => options.crds,
        GuardFlag::DeleteData => options.data,
        GuardFlag::DeleteNamespaces => options.namespaces,
    };
    (!open).then_some(guard)
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
            digest: "d".into(),
            owned: None,
            base: BTreeMap::new(),
        }
    }

    fn kept(entry: &Entry, metadata: &Value) -> bool {
        let live = json!({"metadata": metadata});
        matches!(prune(entry, Some(&live), PruneOptions::default()), Prune::Keep(_))
    }

    #[test]
    fn ours_is_removed() {
        let deployment = entry("apps/v1", "Deployment", Policy::Apply);
        let options = PruneOptions::default();
        assert_eq!(prune(&deployment, None, options), Prune::Gone);
        for live in [
            json!({}),
            json!({"metadata": {"uid": "u1"}}),
            json!({"metadata": {"uid": "u1", "managedFields": [{"manager": "ksi"}]}}),
        ] {
            assert_eq!(prune(&deployment, Some(&live), options), Prune::Delete, "{live}");
        }
    }

    #[test]
    fn what_is_not_ours_any_more_stays() {
        let mut deployment = entry("apps/v1", "Deployment", Policy::Apply);
        assert!(kept(&deployment, &json!({"uid": "u2"})));
        // A ServiceAccount never had a field of ours, and is ours all the same.
        let taken = json!({"managedFields": [{"manager": "kubectl"}]});
        assert!(!kept(&deployment, &taken));
        deployment.owned = Some("o".into());
        assert!(kept(&deployment, &taken));
        assert!(kept(&deployment, &json!({"labels": {"kubefed.io/managed": "true"}})));
        assert!(kept(&deployment, &json!({"annotations": {"helm.sh/resource-policy": "keep"}})));
    }

    #[test]
    fn policies_and_guarded_kinds_stay_without_their_flag() {
        let live = json!({"metadata": {}});
        let all = PruneOptions { crds: true, data: true, namespaces: true, created: true };
        for guarded in [
            entry("apiextensions.k8s.io/v1", "CustomResourceDefinition", Policy::Apply),
            entry("v1", "PersistentVolumeClaim", Policy::Apply),
            entry("v1", "Namespace", Policy::Apply),
            entry("v1", "Secret", Policy::Create),
        ] {
            assert!(kept(&guarded, &json!({})), "{}", guarded.id);
            assert_eq!(prune(&guarded, Some(&live), all), Prune::Delete, "{}", guarded.id);
        }
        let patched = entry("v1", "Namespace", Policy::Patch);
        assert_eq!(prune(&patched, Some(&live), all), Prune::GiveBack);
    }
}
