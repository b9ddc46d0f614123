//! The clusters that a host manages.

use clap::Args;
use serde_json::Value;

use crate::cli::exit::Failure;
use crate::cluster::{Cluster, Kind, Selection};
use crate::ui::Output;

/// Leave to take a host away from its members.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Changes that break what works")]
pub(in crate::cli) struct MemberArgs {
    /// Go on although clusters have joined this host: they lose it
    #[arg(long)]
    yes_break_members: bool,
}

const HOST_LABEL: &str = "cluster-role.kubesphere.io/host";

/// The names of the clusters that a host manages, without itself.
///
/// # Errors
/// They cannot be read.
pub(in crate::cli) async fn members(cluster: &Cluster) -> Result<Vec<String>, Failure> {
    let kind = Kind::new("cluster.kubesphere.io", "v1alpha1", "Cluster");
    let all = cluster.list(&kind, &Selection::default().metadata()).await?;
    Ok(all.iter().filter_map(member).map(str::to_owned).collect())
}

/// Whether a host may go with what it has: not without leave while clusters have joined it.
///
/// # Errors
/// They are named.
pub(in crate::cli) fn lose_no_member(
    members: &[String],
    leave: MemberArgs,
    output: &Output,
) -> Result<(), Failure> {
    let names = members.join(", ");
    if members.is_empty() {
        return Ok(());
    }
    if leave.yes_break_members {
        output.message(&format!("ksi: these clusters lose their host: {names}"));
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "these clusters have joined this host and would lose it: {names}\n\
         help: remove them from the host first, or pass --yes-break-members"
    )))
}

fn member(live: &Value) -> Option<&str> {
    let metadata = &live["metadata"];
    let name = metadata["name"].as_str()?;
    let host = name == "host" || !metadata["labels"][HOST_LABEL].is_null();
    (!host).then_some(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_host_is_no_member_of_itself() {
        let cluster =
            |name: &str, labels: Value| json!({"metadata": {"name": name, "labels": labels}});
        assert_eq!(member(&cluster("host", json!(null))), None);
        assert_eq!(member(&cluster("beijing", json!({HOST_LABEL: ""}))), None);
        assert_eq!(member(&cluster("m1", json!({}))), Some("m1"));
    }
}
