//! A request to stop a run.

use tokio::sync::watch;

/// A request to stop a run: it begins no new write, completes those in flight, does not wait, and releases the
/// lock. Clones share the request.
#[derive(Debug, Clone)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Requests the stop.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether the stop is requested.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when the stop is requested.
    pub async fn requested(&self) {
        let mut requests = self.0.subscribe();
        // The sender lives as long as this one does.
        let _ = requests.wait_for(|requested| *requested).await;
    }
}
