//! The one loop that changes an object that others write, too; and the one way to delete one.

use serde_json::Value;
use tokio::time::{Duration, Instant, sleep};

use super::error::Error;
use super::host::{Host, cluster_kind};
use super::{Observer, Step};
use crate::cluster::{Cluster, ErrorKind, Preconditions, Propagation};
use crate::object::ObjectId;

/// How long a change of a Cluster is repeated that the webhook refuses although it is paused, and how often.
const RETRY_FOR: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_millis(500);

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edited {
    /// It was written.
    Written,
    /// The object was like that already.
    Unchanged,
    /// There is no such object, or not any more.
    Absent,
}

/// Reads an object, changes it and replaces it, again and again as long as others are faster.
///
/// # Errors
/// It cannot be read, or the change is refused.
pub(super) async fn edit(
    cluster: &Cluster,
    id: &ObjectId,
    mut change: impl FnMut(&mut Value),
) -> Result<Edited, Error> {
    loop {
        let Some(mut live) = cluster.get(id).await? else { return Ok(Edited::Absent) };
        let before = live.clone();
        change(&mut live);
        if live == before {
            return Ok(Edited::Unchanged);
        }
        match cluster.replace(&live).await {
            Err(error) if error.kind == ErrorKind::Changed => {}
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(Edited::Absent),
            other => return Ok(other.map(|_| Edited::Written)?),
        }
    }
}

/// Deletes an object, and says so if it was there.
pub(super) async fn delete(
    cluster: &Cluster,
    id: &ObjectId,
    observer: Observer<'_>,
) -> Result<(), Error> {
    if cluster.get(id).await?.is_some() {
        cluster.delete(id, &Preconditions::default(), Propagation::Background).await?;
        observer(Step { verb: "deleted", what: id.to_string(), place: cluster.place().to_owned() });
    }
    Ok(())
}

impl Host {
    /// Changes the Cluster of a member, which ks-controller-manager and Tower write, too.
    ///
    /// # Errors
    /// The host refuses.
    pub(super) async fn edit(
        &self,
        member: &str,
        mut change: impl FnMut(&mut Value),
    ) -> Result<Edited, Error> {
        let id = cluster_kind().named(None, member);
        let end = Instant::now() + RETRY_FOR;
        loop {
            match edit(&self.cluster, &id, &mut change).await {
                // An API server reads that the webhook is paused a little later.
                Err(Error::Cluster(error))
                    if error.kind == ErrorKind::Refused && Instant::now() < end =>
                {
                    sleep(RETRY).await;
                }
                edited => return edited,
            }
        }
    }

    /// Changes the Cluster of a member that has to be there.
    ///
    /// # Errors
    /// It is gone, or the host refuses.
    pub(super) async fn change(
        &self,
        member: &str,
        change: impl FnMut(&mut Value),
    ) -> Result<(), Error> {
        match self.edit(member, change).await? {
            Edited::Absent => {
                let others = self.members().filter(|one| one.name != member);
                let known = others.map(|one| one.name.clone()).collect();
                Err(Error::NoMember { name: member.to_owned(), known })
            }
            Edited::Written | Edited::Unchanged => Ok(()),
        }
    }
}
