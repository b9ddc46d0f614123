//! The last run, read again from time to time.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::about::About;
use super::installed::Installed;
use super::last_run::Lock;
use crate::cluster::Cluster;

/// How often. Who may only look has the right to read the lock and the inventory, not to watch them.
const EVERY: Duration = Duration::from_secs(5);
/// How long that may take: until then nothing else is shown.
const PATIENCE: Duration = Duration::from_secs(2);

/// Keeps the last run up to date while something else is watched.
pub struct RunFollower<'c> {
    cluster: &'c Cluster,
    next: Instant,
}

impl<'c> RunFollower<'c> {
    /// Begins with what was just read.
    pub fn new(cluster: &'c Cluster) -> Self {
        Self { cluster, next: Instant::now() + EVERY }
    }

    /// Reads the lock and the record of the last run again if that was a while ago. What cannot be read stays as
    /// it was known.
    pub async fn refresh(&mut self, installed: &mut Installed, about: &mut About) {
        if Instant::now() < self.next {
            return;
        }
        let read =
            async { futures_util::join!(Lock::read(self.cluster), Installed::read(self.cluster)) };
        if let Ok((lock, now)) = timeout(PATIENCE, read).await {
            if let Ok(lock) = lock {
                about.lock = lock;
            }
            if let Ok(now) = now {
                installed.inventory.last_run = now.inventory.last_run;
                installed.written = now.written;
            }
        }
        self.next = Instant::now() + EVERY;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::Apply;
    use crate::cluster::tests::server::{Server, block_on};
    use crate::inventory::{Inventory, Key, LastRun, Operation};

    fn ended(error: Option<&str>) -> Inventory {
        let mut inventory = Inventory::new(Key::new([1; 32]), "0.1.0");
        let at = "2026-11-21T16:20:00Z".to_owned();
        let error = error.map(str::to_owned);
        let ended = Some(at.clone());
        inventory.last_run = Some(LastRun {
            operation: Operation::Apply,
            by: "a@b".to_owned(),
            started: at,
            ended,
            error,
        });
        inventory
    }

    #[test]
    fn a_run_that_ends_meanwhile_is_seen() {
        let server = Server::start();
        block_on(async {
            let cluster = server.connect().await;
            let store = async |inventory: &Inventory| {
                let secret = json!({
                    "apiVersion": "v1", "kind": "Secret", "data": inventory.to_secret(),
                    "metadata": {"name": "ksi-inventory", "namespace": "kubesphere-system"},
                });
                cluster.apply(&secret, Apply::default()).await.unwrap();
            };
            store(&ended(None)).await;
            let mut installed = Installed::read(&cluster).await.unwrap();
            let mut about = About::default();
            store(&ended(Some("it broke"))).await;
            let mut runs = RunFollower::new(&cluster);
            runs.refresh(&mut installed, &mut about).await;
            let error = |installed: &Installed| installed.inventory.last_run.clone().unwrap().error;
            assert_eq!(error(&installed), None, "not yet");
            runs.next = Instant::now();
            runs.refresh(&mut installed, &mut about).await;
            assert_eq!(error(&installed).as_deref(), Some("it broke"));
            assert_eq!(server.count("GET", "leases/ks-installer-apply"), 1);
        });
    }
}
