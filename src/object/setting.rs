//! What a caller can set to get another result. Each caller has its own names for it: the command line
//! flags, a controller fields of a resource.

use std::ptr;

use super::rules::DeletionConsent;

/// Something that messages advise to set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// The consent to delete protected objects.
    Deletion(DeletionConsent),
    /// Fields of other field managers are taken over.
    ForceConflicts,
    /// How long a run may take.
    Timeout,
    /// Whether a run gives up when waiting does not help.
    FailFast,
}

/// The caller's names of the settings.
#[derive(Debug, Clone, Copy)]
pub struct SettingNames(fn(Setting) -> &'static str);

impl SettingNames {
    /// The names that a function gives.
    pub fn new(name: fn(Setting) -> &'static str) -> Self {
        Self(name)
    }

    /// The name of a setting.
    pub fn of(self, setting: Setting) -> &'static str {
        self.0(setting)
    }
}

/// Names for callers that have none of their own.
impl Default for SettingNames {
    fn default() -> Self {
        Self(|setting| match setting {
            Setting::Deletion(DeletionConsent::DeleteCrds) => "the consent to delete CRDs",
            Setting::Deletion(DeletionConsent::DeleteData) => "the consent to delete data",
            Setting::Deletion(DeletionConsent::DeleteNamespaces) => {
                "the consent to delete namespaces"
            }
            Setting::ForceConflicts => "force",
            Setting::Timeout => "timeout",
            Setting::FailFast => "fail fast",
        })
    }
}

impl PartialEq for SettingNames {
    fn eq(&self, other: &Self) -> bool {
        ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Eq for SettingNames {}
