//! A wish to end a run early.

use tokio::sync::watch;

/// A wish to end a run early: no new write begins, running ones end, nothing is waited for, and the
/// lock is given back. Clones share the wish.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Ends the run.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether the run is to end.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when the run is to end.
    pub async fn requested(&self) {
        let mut wish = self.0.subscribe();
        // The sender lives as long as this one does.
        let _ = wish.wait_for(|requested| *requested).await;
    }
}
