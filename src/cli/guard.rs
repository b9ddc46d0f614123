//! Changes that break what works, and need a flag of their own.

mod members;

use clap::Args;
use serde_json::Value;

use super::exit::Failure;
use super::input::Checked;
use crate::cluster::{Cluster, Kind, Preconditions, Propagation};
use crate::config::{self, Role};
use crate::engine::View;
use crate::inventory::Inventory;
use crate::object::{FIELD_MANAGER, ObjectId, embedded, is_departing};
use crate::plan::Observed;
use crate::target::ClusterTarget;
use crate::ui::Output;
use crate::values::KeptValues;
pub(super) use members::{MemberArgs, lose_no_member, members};

/// Components that only a host has.
const HOST_COMPONENTS: [&str; 2] = ["tower", "kubefed"];

/// Leave for changes that break what works.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Changes that break what works")]
pub(super) struct GuardArgs {
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

/// What was found of all that.
#[derive(Debug, Default)]
pub(super) struct Guard {
    refusals: Vec<String>,
    /// The installer that is to be deleted, and its uid.
    installer: Option<(ObjectId, String)>,
}

impl Guard {
    /// Looks at what a plan would change.
    ///
    /// # Errors
    /// The cluster cannot be read.
    pub(super) async fn look(
        target: &ClusterTarget,
        view: &View,
        checked: &Checked,
        args: GuardArgs,
    ) -> Result<Self, Failure> {
        let before = installed_role(&view.observed);
        let turn = Turn {
            before,
            after: checked.configuration.role(),
            jwt_secret: changes_jwt_secret(checked, &view.kept),
        };
        let members = match before {
            Some(Role::Host) if turn.is_one() => members(target.cluster()).await?,
            _ => Vec::new(),
        };
        let mut guard = Self { refusals: turn.refusals(&members, args), installer: None };
        match installer(target.cluster(), view).await? {
            Some(found) if args.replace_ks_installer => guard.installer = Some(found),
            Some((id, _)) => guard.refusals.push(format!(
                "{id} of KubeSphere 3 runs here and would undo what ksi writes\n\
                 help: pass --replace-ks-installer to delete it, or scale it to 0"
            )),
            None => {}
        }
        Ok(guard)
    }

    /// Whether everything has leave.
    ///
    /// # Errors
    /// It has not: what is missing.
    pub(super) fn allowed(&self) -> Result<(), Failure> {
        if self.refusals.is_empty() {
            return Ok(());
        }
        Err(Failure::Usage(self.refusals.join("\nksi: ")))
    }

    /// What is done beside the plan, for people.
    pub(super) fn deletes(&self) -> Option<String> {
        let (id, _) = self.installer.as_ref()?;
        Some(format!("- delete {id}: ksi takes its place; its account and role stay"))
    }

    /// Deletes the other installer, if it is still the one that was looked at.
    ///
    /// # Errors
    /// It is not, or we may not.
    pub(super) async fn carry_out(
        &self,
        target: &ClusterTarget,
        output: &Output,
    ) -> Result<(), Failure> {
        let Some((id, uid)) = &self.installer else { return Ok(()) };
        let same = Preconditions { uid: Some(uid.clone()), resource_version: None };
        target.cluster().delete(id, &same, Propagation::Background).await?;
        output.say(&format!("deleted {id}"));
        Ok(())
    }
}

/// What a run would change of a cluster as a whole.
struct Turn {
    before: Option<Role>,
    after: Role,
    jwt_secret: bool,
}

impl Turn {
    fn changes_role(&self) -> bool {
        self.before.is_some_and(|before| before != Role::None && before != self.after)
    }

    fn is_one(&self) -> bool {
        self.changes_role() || self.jwt_secret
    }

    fn refusals(&self, members: &[String], args: GuardArgs) -> Vec<String> {
        let mut refusals = Vec::new();
        let names = members.join(", ");
        if let Some(before) = self.before.filter(|_| self.changes_role())
            && !args.allow_role_change
        {
            let lost = match (before, self.after) {
                (Role::Host, _) if members.is_empty() => {
                    "; Tower and KubeFed would be removed".into()
                }
                (Role::Host, _) => format!(
                    "; Tower and KubeFed would be removed, and these members lose their host: {names}"
                ),
                (_, Role::None) => "; it would be cut off from its host".to_owned(),
                _ => "; its host would lose it".to_owned(),
            };
            refusals.push(format!(
                "the role of this cluster would change from {before} to {}{lost}\n\
                 help: set `multicluster.clusterRole: {before}`, or pass --allow-role-change",
                self.after
            ));
        }
        if self.jwt_secret && !members.is_empty() && !args.yes_break_members {
            refusals.push(format!(
                "another jwtSecret breaks the links to these members until they get it too: {names}\n\
                 help: leave `authentication.jwtSecret` as it is, or pass --yes-break-members"
            ));
        }
        refusals
    }
}

/// The role of the installation that is there, if there is one: what its configuration says, and else
/// what runs.
fn installed_role(observed: &Observed) -> Option<Role> {
    let entries = observed.inventory.iter().flat_map(Inventory::entries);
    let mut written = entries.filter(|entry| !entry.is_announced()).peekable();
    let installed = written.peek().is_some();
    if written.any(|entry| HOST_COMPONENTS.contains(&entry.component.as_str())) {
        return Some(Role::Host);
    }
    let of_core = |id: &ObjectId| {
        id.kind == "ConfigMap"
            && id.name == "kubesphere-config"
            && id.namespace.as_deref() == Some(config::NAMESPACE)
    };
    let config = observed.objects.iter().find(|(id, _)| of_core(id)).map(|(_, live)| live);
    let said = config.and_then(|live| embedded::read(live).ok().flatten());
    match said.as_ref().and_then(|text| text["multicluster"]["clusterRole"].as_str()) {
        Some("host") => Some(Role::Host),
        Some("member") => Some(Role::Member),
        Some(_) => Some(Role::None),
        None => installed.then_some(Role::None),
    }
}

/// Whether the configuration gives another jwtSecret than the one that is in use.
fn changes_jwt_secret(checked: &Checked, kept: &KeptValues) -> bool {
    let given = checked.configuration.authentication.jwt_secret.as_deref();
    let given = given.filter(|text| !text.is_empty());
    given.is_some_and(|given| kept.0.get("jwtSecret").is_some_and(|kept| kept != given))
}

/// A running installer of KubeSphere 3 that is not ours, and its uid.
async fn installer(cluster: &Cluster, view: &View) -> Result<Option<(ObjectId, String)>, Failure> {
    let kind = Kind::new("apps", "v1", "Deployment");
    let id = kind.named(Some(config::NAMESPACE), config::NAME);
    let ours = view.observed.inventory.as_ref().is_some_and(|known| known.get(&id).is_some());
    let live = if ours { None } else { cluster.get(&id).await? };
    let uid = live.as_ref().and_then(foreign_and_running);
    Ok(uid.map(|uid| (id, uid)))
}

fn foreign_and_running(live: &Value) -> Option<String> {
    let writers = live["metadata"]["managedFields"].as_array().into_iter().flatten();
    let ours = writers.into_iter().any(|entry| entry["manager"] == FIELD_MANAGER);
    let runs = live["spec"]["replicas"].as_u64() != Some(0);
    let goes = is_departing(live);
    if ours || goes || !runs {
        return None;
    }
    live["metadata"]["uid"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests;
