//! Volumes.

use super::super::context::Context;
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{full_name, name, some_of, text};
use super::super::verdict::{Verdict, error, errors, fine, ok, skipped, warning, warnings};
use super::super::{Check, Phase};
use crate::health::is_default_class;

const CATEGORY: &str = "Storage";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "storage-class-default",
        category: CATEGORY,
        description: "exactly one StorageClass is the default",
        phase: Phase::Both,
        hint: "make one the default (`kubectl annotate storageclass NAME storageclass.kubernetes.io/is-default-class=true`), or set `persistence.storageClass`",
        evaluate: default_class,
    },
    Check {
        id: "storage-class-named",
        category: CATEGORY,
        description: "the StorageClass of the configuration exists",
        phase: Phase::Both,
        hint: "correct `persistence.storageClass` (`ksi explain persistence.storageClass`), or create the StorageClass",
        evaluate: named_class,
    },
    Check {
        id: "volume-claims",
        category: CATEGORY,
        description: "every PersistentVolumeClaim of KubeSphere is bound",
        phase: Phase::Both,
        hint: "`kubectl describe pvc` shows why a claim is not bound",
        evaluate: claims,
    },
];

fn default_class(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let classes = gathered.list(Part::StorageClasses)?;
    let defaults: Vec<String> =
        classes.iter().filter(|c| is_default_class(c)).map(|c| name(c).to_owned()).collect();
    let needs_volumes = context.desired("PersistentVolumeClaim").next().is_some()
        || context
            .desired("StatefulSet")
            .any(|o| o.body["spec"]["volumeClaimTemplates"].is_array());
    let named = context.configuration().is_some_and(|c| c.persistence.storage_class.is_some());
    match &defaults[..] {
        [one] => fine(one.clone()),
        [] if named => skipped("the configuration sets a StorageClass"),
        [] if needs_volumes => {
            error("there is no default StorageClass, and the installation needs volumes")
        }
        [] => {
            warning("there is no default StorageClass; the current configuration does not need one")
        }
        several => warning(format!("several StorageClasses are the default: {}", some_of(several))),
    }
}

fn named_class(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let named = context.configuration().and_then(|c| c.persistence.storage_class.as_deref());
    let Some(named) = named else { return skipped("the configuration sets no StorageClass") };
    if gathered.list(Part::StorageClasses)?.iter().any(|class| name(class) == named) {
        return ok();
    }
    error(format!("StorageClass `{named}` does not exist"))
}

fn claims(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let claims = gathered.list(Part::Claims)?;
    let of = |phase: &str| -> Vec<String> {
        let found = claims.iter().filter(|claim| text(&claim["status"]["phase"]) == phase);
        found.map(|claim| format!("{} is {phase}", full_name(claim))).collect()
    };
    let lost = of("Lost");
    if lost.is_empty() { warnings(&of("Pending")) } else { errors(&lost) }
}
