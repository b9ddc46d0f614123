//! The flags by which somebody consents to a risk, and what to say where one is missing.

mod refusal;

use clap::Args;

use super::exit::Failure;
use super::flag_names::flag_names;
use crate::install::{Consent, Consents, Review};
use crate::ui::Output;
use refusal::notice;
pub(super) use refusal::refusals;

/// Consent to changes that break what works.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Changes that break what works")]
pub(super) struct ChangeArgs {
    /// Give an installed host or member another role
    #[arg(long)]
    allow_role_change: bool,
    /// Change the jwtSecret of a host: its members refuse every token until they have the new one too
    #[arg(long)]
    yes_break_members: bool,
    /// Delete the Deployment ks-installer of KubeSphere 3, which would undo what ksi writes
    #[arg(long)]
    replace_ks_installer: bool,
}

/// Consent to take a host away from its members.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Changes that break what works")]
pub(super) struct MemberArgs {
    /// Go on although clusters have joined this host: they lose it
    #[arg(long)]
    yes_break_members: bool,
}

/// What is no longer wanted and is kept unless a flag says otherwise.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "What may be deleted when it is no longer wanted")]
#[allow(clippy::struct_excessive_bools)] // Each is a flag of its own.
pub(super) struct PruneArgs {
    /// CRDs, and with them every object of their kinds
    #[arg(long)]
    delete_crds: bool,
    /// Volume claims, and with them the data
    #[arg(long)]
    delete_data: bool,
    /// Namespaces, and with them everything inside
    #[arg(long)]
    delete_namespaces: bool,
}

impl ChangeArgs {
    /// These consents and those to deletions.
    pub(super) fn consents(self, prune: PruneArgs) -> Consents {
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
    /// This consent and those to deletions.
    pub(super) fn consents(self, prune: PruneArgs) -> Consents {
        named(given([(self.yes_break_members, Consent::BreakMembers)]).chain(prune.given()))
    }
}

impl PruneArgs {
    /// The consents to deletions alone.
    pub(super) fn consents(self) -> Consents {
        named(self.given())
    }

    fn given(self) -> impl Iterator<Item = Consent> {
        let Self { delete_crds, delete_data, delete_namespaces } = self;
        given([
            (delete_crds, Consent::DeleteCrds),
            (delete_data, Consent::DeleteData),
            (delete_namespaces, Consent::DeleteNamespaces),
        ])
    }
}

fn named(consents: impl Iterator<Item = Consent>) -> Consents {
    consents.collect::<Consents>().named(flag_names())
}

fn given<const N: usize>(flags: [(bool, Consent); N]) -> impl Iterator<Item = Consent> {
    flags.into_iter().filter(|(given, _)| *given).map(|(_, consent)| consent)
}

/// Whether every risk of a review is confirmed.
///
/// # Errors
/// Some are not: which, and the flags that confirm them.
pub(super) fn confirmed(review: &Review, consents: &Consents) -> Result<(), Failure> {
    let missing = review.unconfirmed(consents);
    if missing.is_empty() { Ok(()) } else { Err(Failure::Usage(refusals(missing))) }
}

/// The same, with a line for those that are confirmed.
///
/// # Errors
/// Some are not.
pub(super) fn confirmed_with_notice(
    review: &Review,
    consents: &Consents,
    output: &Output,
) -> Result<(), Failure> {
    confirmed(review, consents)?;
    for text in review.risks.iter().filter_map(notice) {
        output.message(&text);
    }
    Ok(())
}
