//! `ksi member rejoin`: give a member's name to a cluster that was installed anew, or renew its credentials.

use clap::Args;

use super::{changing_host, guarded, observer};
use crate::cli::args::connection::ConnectionArgs;
use crate::cli::exit::Failure;
use crate::cli::shared::confirm::confirm;
use crate::cli::shared::interrupt;
use crate::fleet;
use crate::ui::Output;

/// Prepare a host for a member that was installed anew, or renew all credentials of a member
///
/// The host forgets which cluster the member was, and all its credentials. If the same cluster still answers, the
/// accounts of the host on it are deleted as well. Ports, placements and what is federated are kept. Then `ksi member add` and `ksi member join` work as for a new member.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi member rejoin member1
  ksi member rejoin member1 --member ctx-1")]
pub(super) struct RejoinArgs {
    /// Name of the member
    name: String,
    /// Context of the new cluster, to show its UID [default: as the host reaches it]
    #[arg(long, value_name = "CONTEXT")]
    member: Option<String>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Both UIDs, if they differ.
fn compared(before: &str, now: &str) -> String {
    if before == now && now != UNKNOWN {
        return format!("it is still cluster {now}");
    }
    format!("it was cluster {before}; now it is {now}")
}

/// In place of the UID of a cluster that does not answer, or that the host does not know.
const UNKNOWN: &str = "unknown";

pub(super) fn run(args: &RejoinArgs, output: &Output) -> Result<(), Failure> {
    let stop = interrupt::listen();
    crate::cli::block_on(async {
        let host = changing_host(&args.connection).await?;
        let RejoinArgs { name, .. } = args;
        let registered = host.member(name)?;
        let before = registered.uid.as_deref().unwrap_or(UNKNOWN);
        let member = match &args.member {
            Some(context) => Some(args.connection.with_context(context).connect().await?),
            None => None,
        };
        let now = if let Some(member) = &member {
            fleet::about(member, None).await?.uid
        } else {
            let evidence = fleet::observe(&host, registered).await;
            evidence.reached.facts().map_or(UNKNOWN.to_owned(), |facts| facts.uid.clone())
        };
        output.message(&format!("member {name}: {}", compared(before, &now)));
        confirm(&format!("Reset the credentials of member {name}?"), args.yes, output)?;
        let mut observer = observer(output);
        let forgotten = fleet::forget(&host, name, member.as_ref(), &mut observer);
        let revoked = guarded(&host, &stop, forgotten).await?;
        if !revoked && (now == UNKNOWN || before == UNKNOWN) {
            let why = if now == UNKNOWN {
                "does not answer"
            } else {
                "answers, but the host does not know whether it is the same cluster"
            };
            output.print(&format!(
                "{name} {why}: if it is still the same cluster, run `ksi member leave` on it before it joins, \
                 so that the old accounts on it are gone, too"
            ));
        }
        let mode = registered.mode.as_str();
        output.print(&format!(
            "\nNow join it again:\n  ksi member add {name} --mode {mode} -o {name}.bundle\n  ksi member join -f {name}.bundle"
        ));
        Ok(())
    })?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_cluster_is_not_shown_as_another_one() {
        assert_eq!(compared("a", "a"), "it is still cluster a");
        assert_eq!(compared("a", "b"), "it was cluster a; now it is b");
        assert_eq!(compared(UNKNOWN, UNKNOWN), "it was cluster unknown; now it is unknown");
    }
}
