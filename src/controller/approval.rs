//! The approval of a plan: its hash, and what has to be approved. Pure.
//!
//! The hash covers everything that the plan would write, delete or give up, and the configuration that it was made
//! from. Values that a run would generate are placeholders in it, so that two reviews of the same plan have the same
//! hash; values that exist are in it only as an HMAC with the key of the inventory, which cannot be guessed from
//! the hash. Before there is an inventory, the masked plan takes their place. The hash also covers the approval that was
//! used last: an approval allows one run, and the same plan has another hash the next time.

use serde_json::{Value, json};

use crate::install::{Consents, Review, Risk};
use crate::inventory::Key;
use crate::object::ObjectId;
use crate::plan::{self, Action, Change, Summary};

/// How many digits of the hash are used: 64 bits are enough to tell plans apart, and can be typed.
const DIGITS: usize = 16;
/// How many objects of a risk are named.
const NAMED: usize = 5;

/// A plan that waits for an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// What the annotation has to be set to.
    pub hash: String,
    /// How many objects would be changed.
    pub summary: Summary,
    /// What it would break.
    pub risks: Vec<String>,
}

impl Approval {
    /// What a review without generated values has to be approved for. `spec_hash` is that of the ClusterConfiguration,
    /// `used` the approval that was used last.
    pub fn of(review: &Review, spec_hash: &str, used: Option<&str>) -> Self {
        Self {
            hash: hash(review, spec_hash, used),
            summary: review.planned.plan.summary(),
            risks: review.unconfirmed(&Consents::default()).into_iter().map(risk).collect(),
        }
    }

    /// What would happen, in one sentence, and how to approve it.
    pub fn message(&self) -> String {
        let risks = match self.risks.len() {
            0 => String::new(),
            _ => format!(": {}", self.risks.join("; ")),
        };
        format!(
            "the plan ({}) needs an approval{risks}. Approve it with `kubectl -n kubesphere-system annotate \
             --overwrite cc ks-installer {}={}`",
            self.summary,
            super::cc::APPROVE,
            self.hash
        )
    }
}

fn hash(review: &Review, spec_hash: &str, used: Option<&str>) -> String {
    let planned = &review.planned;
    let changes = planned.plan.changes.iter().chain(&planned.plan.cascading);
    let counts = |change: &&Change| change.is_write() || change.action == Action::Delete;
    let changes = changes.filter(counts);
    let risks: Vec<String> = review.risks.iter().map(risk).collect();
    let released: Vec<String> =
        planned.plan.released.iter().map(|release| release.held.id.to_string()).collect();
    let key = planned.observed.inventory.as_ref().map(|inventory| inventory.key.clone());
    let plan = match &key {
        Some(_) => changes.map(whole).collect(),
        None => masked(&planned.plan),
    };
    let all = json!({"spec": spec_hash, "plan": plan, "risks": risks, "released": released, "after": used});
    // Without an inventory there is no secret in it.
    let key = key.unwrap_or_else(Key::public);
    key.digest(&all)[..DIGITS].to_owned()
}

/// Everything that a change writes.
fn whole(change: &Change) -> Value {
    json!({
        "object": change.id.to_string(), "action": change.action, "policy": change.policy,
        "force": change.force, "body": change.body(),
    })
}

/// The same without secrets and without what others write.
fn masked(plan: &plan::Plan) -> Value {
    plan::json(plan)["changes"].take()
}

/// What a risk is, in a sentence without the names of flags.
pub(super) fn risk(risk: &Risk) -> String {
    let all = |members: &[String]| match members {
        [] => "its members".to_owned(),
        names => names.join(", "),
    };
    match risk {
        Risk::RoleChange { before, after, members } if members.is_empty() => {
            format!("the role changes from {before} to {after}")
        }
        Risk::RoleChange { before, after, members } => {
            format!(
                "the role changes from {before} to {after}, and these members lose their host: {}",
                all(members)
            )
        }
        Risk::JwtSecretChange { members } => {
            format!("the new jwtSecret disconnects {} until they get it too", all(members))
        }
        Risk::LostValues { values, members } => format!(
            "{} can neither be found in Secret ksi-values nor in the cluster, and new ones disconnect {}",
            values.join(" and "),
            all(members)
        ),
        Risk::KsInstaller { deployment, .. } => {
            format!(
                "{deployment} of KubeSphere 3 is deleted, since it would revert what ksi writes"
            )
        }
        Risk::MembersLoseHost { members } => {
            format!("these members lose their host: {}", all(members))
        }
        Risk::Deletion { objects, .. } => format!("these are deleted: {}", named(objects)),
    }
}

fn named(objects: &[ObjectId]) -> String {
    let mut names: Vec<String> = objects.iter().take(NAMED).map(ToString::to_string).collect();
    if objects.len() > NAMED {
        names.push(format!("and {} more", objects.len() - NAMED));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Role;

    #[test]
    fn an_approval_says_what_happens_and_how_to_approve_it() {
        let members = vec!["m1".to_owned()];
        let change = Risk::RoleChange { before: Role::Host, after: Role::None, members };
        let approval = Approval {
            hash: "0123456789abcdef".into(),
            summary: Summary { update: 2, delete: 1, ..Summary::default() },
            risks: vec![risk(&change)],
        };
        let message = approval.message();
        for part in [
            "2 update",
            "from host to none, and these members lose their host: m1",
            "annotate --overwrite cc ks-installer ksi.kubesphere.io/approve=0123456789abcdef",
        ] {
            assert!(message.contains(part), "{message}");
        }
        assert!(!message.contains("--allow"), "{message}");
    }
}
