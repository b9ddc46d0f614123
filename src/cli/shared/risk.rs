//! The messages for risks: the refusal of an unconfirmed one, the notice of a confirmed one.

use crate::config::Role;
use crate::install::{Consent, Risk};
use crate::object::ObjectId;

/// What these risks would break, and the flags that confirm them.
pub(in crate::cli) fn refusals<'r>(risks: impl IntoIterator<Item = &'r Risk>) -> String {
    let refusals: Vec<String> = risks.into_iter().map(refusal).collect();
    refusals.join("\nksi: ")
}

/// The notice of a confirmed risk.
pub(in crate::cli) fn notice(risk: &Risk) -> Option<String> {
    match risk {
        Risk::MembersLoseHost { members } => {
            Some(format!("ksi: these clusters lose their host: {}", members.join(", ")))
        }
        _ => None,
    }
}

fn refusal(risk: &Risk) -> String {
    match risk {
        Risk::RoleChange { before, after, members } => role_change(*before, *after, members),
        Risk::JwtSecretChange { members } => {
            let members = match &members[..] {
                [] => "all members".to_owned(),
                names => format!("these members until they get it too: {}", names.join(", ")),
            };
            format!(
                "the new jwtSecret disconnects {members}\n\
                 help: do not change `authentication.jwtSecret`, or pass --yes-break-members"
            )
        }
        Risk::LostValues { values, members } => format!(
            "{} neither stored in Secret kubesphere-system/ksi-values nor found in the cluster, and a new value \
             disconnects these members: {}\n\
             help: restore the Secret from a backup, or pass --yes-break-members to generate a new value",
            are(values),
            members.join(", ")
        ),
        Risk::KsInstaller { deployment, .. } => format!(
            "{deployment} of KubeSphere 3 is running and would revert what ksi writes\n\
             help: pass --replace-ks-installer to delete it, or scale it to 0"
        ),
        Risk::MembersLoseHost { members } => format!(
            "these member clusters would lose their host: {}\n\
             help: remove them from this host first, or pass --yes-break-members",
            members.join(", ")
        ),
        Risk::Deletion { consent, objects, .. } => deletion(*consent, objects),
    }
}

/// The names as the subject of a sentence.
fn are(names: &[&str]) -> String {
    let verb = if names.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", names.join(" and "))
}

fn role_change(before: Role, after: Role, members: &[String]) -> String {
    let consequence = match (before, after) {
        (Role::Host, _) if members.is_empty() => "; Tower and KubeFed would be removed".into(),
        (Role::Host, _) => format!(
            "; Tower and KubeFed would be removed, and these members would lose their host: {}",
            members.join(", ")
        ),
        (_, Role::None) => "; it would lose its host".to_owned(),
        _ => "; its host would lose this member".to_owned(),
    };
    format!(
        "the role of this cluster would change from {before} to {after}{consequence}\n\
         help: set `multicluster.clusterRole: {before}`, or pass --allow-role-change"
    )
}

fn deletion(consent: Consent, objects: &[ObjectId]) -> String {
    let flag = match consent {
        Consent::DeleteData => "--delete-data",
        Consent::DeleteNamespaces => "--delete-namespaces",
        _ => "--delete-crds",
    };
    let names: Vec<String> = objects.iter().map(ToString::to_string).collect();
    format!("these would be deleted: {}\nhelp: pass {flag} to confirm", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_members_and_the_flag() {
        let members = vec!["m1".to_owned(), "m2".to_owned()];
        let change =
            Risk::RoleChange { before: Role::Host, after: Role::None, members: members.clone() };
        let lost =
            Risk::LostValues { values: vec!["jwtSecret", "towerCA"], members: members.clone() };
        let lost = refusals([&lost]);
        assert!(lost.starts_with("jwtSecret and towerCA are neither stored"), "{lost}");
        assert!(lost.contains("disconnects these members: m1, m2\nhelp: restore"), "{lost}");
        let unknown = refusals([&Risk::JwtSecretChange { members: Vec::new() }]);
        assert!(unknown.contains("disconnects all members\n"), "{unknown}");
        let text = refusals([&change, &Risk::JwtSecretChange { members }]);
        assert!(text.contains("lose their host: m1, m2"), "{text}");
        assert!(text.contains("pass --allow-role-change\nksi: the new jwtSecret"), "{text}");
        assert!(text.contains("members until they get it too: m1, m2"), "{text}");
        assert!(text.ends_with("--yes-break-members"), "{text}");
    }
}
