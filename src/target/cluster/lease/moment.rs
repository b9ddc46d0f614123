//! Moments of a clock that goes on while the machine is suspended.

use std::time::Duration;

use tokio::time::Instant;

/// A moment. `Instant` alone stands still while the machine is suspended (`clock_gettime(2)`), and other runs do
/// not wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    at: Instant,
    /// The time since the machine was started, with the time in which it was suspended; zero where it is unknown.
    running: Duration,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { at: Instant::now(), running: running() }
    }

    /// How long ago it was, by the clock that is ahead.
    pub(super) fn elapsed(self) -> Duration {
        self.at.elapsed().max(running().saturating_sub(self.running))
    }
}

#[cfg(target_os = "linux")]
fn running() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(not(target_os = "linux"))]
fn running() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_that_is_ahead_counts() {
        let now = Moment::now();
        assert!(now.elapsed() < Duration::from_secs(30));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(now.elapsed() >= Duration::from_secs(60));
        // As after a suspension of a minute, of which `Instant` knows nothing.
        let suspended = Duration::from_secs(60);
        if let Some(running) = running().checked_sub(suspended).filter(|_| running() > suspended) {
            assert!(Moment { running, ..Moment::now() }.elapsed() >= suspended);
        }
    }
}
