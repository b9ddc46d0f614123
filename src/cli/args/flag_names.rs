//! The flags by which the settings that messages advise are given.

use crate::object::{DeletionConsent, Setting, SettingNames};

/// The flags in messages.
pub(in crate::cli) fn flag_names() -> SettingNames {
    SettingNames::new(|setting| match setting {
        Setting::Deletion(DeletionConsent::DeleteCrds) => "--delete-crds",
        Setting::Deletion(DeletionConsent::DeleteData) => "--delete-data",
        Setting::Deletion(DeletionConsent::DeleteNamespaces) => "--delete-namespaces",
        Setting::ForceConflicts => "--force-conflicts",
        Setting::Timeout => "--timeout",
        Setting::FailFast => "--fail-fast=false",
    })
}
