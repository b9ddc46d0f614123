//! Keeps the certificate and the registration: at the start, when somebody changes them, and before the certificate
//! expires.

use std::time::{Duration, SystemTime};

use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};

use super::registration::Registered;
use super::tls::Serving;
use super::{Note, certificate, registration};
use crate::cluster::{Change, Cluster, Kind, Selection};
use crate::object::kubesphere;
use crate::telemetry::Telemetry;

/// The pauses after errors, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// No sleep is longer: it counts no time while the machine is suspended, and the clock may be set.
const LONGEST_SLEEP: Duration = Duration::from_secs(12 * 60 * 60);
/// The pause between two looks, whatever happens: somebody who writes against us is answered slowly.
const SETTLING: Duration = Duration::from_secs(1);

/// What is kept, and with what.
pub(super) struct Upkeep<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) serving: &'a Serving,
    pub(super) telemetry: &'a Telemetry,
    pub(super) note: &'a dyn Fn(Note),
}

impl Upkeep<'_> {
    /// Keeps them for ever.
    pub(super) async fn keep(&self) {
        let mut changes: Option<BoxStream<'static, Change>> = None;
        let mut pause = FIRST_PAUSE;
        loop {
            let wait = match self.look(&mut changes).await {
                Ok(wait) => {
                    pause = FIRST_PAUSE;
                    wait.min(LONGEST_SLEEP)
                }
                Err(cause) => {
                    (self.note)(Note::Failed { cause, again: pause });
                    let longer = (pause * 2).min(LONGEST_PAUSE);
                    std::mem::replace(&mut pause, longer)
                }
            };
            tokio::time::sleep(SETTLING).await;
            let Some(changes) = &mut changes else {
                tokio::time::sleep(wait).await;
                continue;
            };
            // One look is enough for everything that has changed so far.
            let mut is_due = false;
            while let Some(Some(_)) = changes.next().now_or_never() {
                is_due = true;
            }
            if !is_due {
                let _ = tokio::time::timeout(wait, changes.next()).await;
            }
        }
    }

    /// Looks whether everything is as it has to be, and corrects it. Returns when to look again.
    async fn look(
        &self,
        changes: &mut Option<BoxStream<'static, Change>>,
    ) -> Result<Duration, String> {
        let Self { cluster, serving, telemetry, note } = self;
        // Watched before the look: what happens after it is not missed.
        if changes.is_none() {
            *changes = Some(watch(cluster).await.map_err(|e| format!("{e}; {}", e.help))?);
        }
        let now = SystemTime::now();
        let (admission, is_new) = certificate::current(cluster, now).await.map_err(|e| e.told())?;
        serving.set(&admission.serving).map_err(|e| format!("cannot use its certificate: {e}"))?;
        telemetry.certificate("webhook", admission.expires);
        if is_new {
            note(Note::CertificateWritten);
        }
        let registered = registration::register(cluster, &admission.authority).await;
        match registered.map_err(|e| format!("{e}; {}", e.help))? {
            Registered::Written => note(Note::Registered),
            Registered::Unchanged => {}
            Registered::NoService => {
                note(Note::NoService);
                return Ok(LONGEST_PAUSE);
            }
        }
        Ok(admission.renewal.duration_since(now).unwrap_or_default())
    }
}

/// Changes of the Secret and of the configuration.
async fn watch(cluster: &Cluster) -> Result<BoxStream<'static, Change>, crate::cluster::Error> {
    let secret = Selection::named(Some(kubesphere::SYSTEM), certificate::SECRET).metadata();
    let secrets = cluster.watch(&Kind::new("", "v1", "Secret"), &secret).await?;
    let configuration = Selection::named(None, registration::NAME).metadata();
    let configurations = cluster.watch(&registration::kind(), &configuration).await?;
    Ok(stream::select(secrets, configurations).boxed())
}
