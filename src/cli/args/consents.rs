//! The flags that confirm risks.

use clap::Args;

use super::flag_names;
use crate::install::{Consent, Consents};

const CHANGES: &str = "Changes that need a confirmation";
const DELETIONS: &str = "Deletions that need a confirmation";

/// Confirmations of an apply.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(in crate::cli) struct ChangeArgs {
    /// Change the role of an installed host or member
    #[arg(long, help_heading = CHANGES)]
    allow_role_change: bool,
    /// Change the jwtSecret of a host: its members reject all tokens until they get the new one
    #[arg(long, help_heading = CHANGES)]
    yes_break_members: bool,
    /// Delete the Deployment ks-installer of KubeSphere 3, which would revert what ksi writes
    #[arg(long, help_heading = CHANGES)]
    replace_ks_installer: bool,
}

/// Confirmations of an uninstall.
#[derive(Debug, Clone, Copy, Args)]
pub(in crate::cli) struct MemberArgs {
    /// Uninstall a host that still has members: they lose their host
    #[arg(long, help_heading = CHANGES)]
    yes_break_members: bool,
}

/// What is kept unless a flag allows its deletion.
#[derive(Debug, Clone, Copy, Args)]
#[allow(clippy::struct_excessive_bools)] // Each is a flag of its own.
pub(in crate::cli) struct PruneArgs {
    /// Delete CRDs that are no longer needed, with all objects of their kinds
    #[arg(long, help_heading = DELETIONS)]
    delete_crds: bool,
    /// Delete PersistentVolumeClaims that are no longer needed, with their data
    #[arg(long, help_heading = DELETIONS)]
    delete_data: bool,
    /// Delete namespaces that are no longer needed, with everything in them
    #[arg(long, help_heading = DELETIONS)]
    delete_namespaces: bool,
}

impl ChangeArgs {
    /// The confirmations, including those of deletions.
    pub(in crate::cli) fn consents(self, prune: PruneArgs) -> Consents {
        let Self { allow_role_change, yes_break_members, replace_ks_installer } = self;
        let flags = [
            (allow_role_change, Consent::RoleChange),
            (yes_break_members, Consent::BreakMembers),
            (replace_ks_installer, Consent::ReplaceKsInstaller),
        ];
        named(given(flags).chain(prune.given()))
    }
}

impl MemberArgs {
    /// The confirmations, including those of deletions.
    pub(in crate::cli) fn consents(self, prune: PruneArgs) -> Consents {
        named(given([(self.yes_break_members, Consent::BreakMembers)]).chain(prune.given()))
    }
}

impl PruneArgs {
    /// The confirmations of deletions.
    pub(in crate::cli) fn consents(self) -> Consents {
        named(self.given())
    }

    /// The flags that are given.
    pub(in crate::cli) fn names(self) -> impl Iterator<Item = &'static str> {
        given(self.flags().map(|(is_given, _, name)| (is_given, name)))
    }

    fn given(self) -> impl Iterator<Item = Consent> {
        given(self.flags().map(|(is_given, consent, _)| (is_given, consent)))
    }

    fn flags(self) -> [(bool, Consent, &'static str); 3] {
        let Self { delete_crds, delete_data, delete_namespaces } = self;
        [
            (delete_crds, Consent::DeleteCrds, "--delete-crds"),
            (delete_data, Consent::DeleteData, "--delete-data"),
            (delete_namespaces, Consent::DeleteNamespaces, "--delete-namespaces"),
        ]
    }
}

fn named(consents: impl Iterator<Item = Consent>) -> Consents {
    consents.collect::<Consents>().named(flag_names())
}

fn given<T, const N: usize>(flags: [(bool, T); N]) -> impl Iterator<Item = T> {
    flags.into_iter().filter(|(given, _)| *given).map(|(_, value)| value)
}
