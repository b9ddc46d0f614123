//! How many requests are on their way at a time: halved when the server says that it is too many,
//! and one more again after each round of answers.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What API servers bear from one client without a word.
const MOST: usize = 16;

#[derive(Debug)]
pub(super) struct Limit {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    allowed: usize,
    running: usize,
    /// Answers since the limit last changed.
    answers: usize,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            state: Mutex::new(State { allowed: MOST, running: 0, answers: 0 }),
            freed: Notify::new(),
        }
    }
}

/// Leave to send one request.
pub(super) struct Permit<'l>(&'l Limit);

impl Limit {
    /// Waits for leave to send.
    pub(super) async fn acquire(&self) -> Permit<'_> {
        loop {
            let freed = self.freed.notified();
            {
                let mut state = self.state();
                if state.running < state.allowed {
                    state.running += 1;
                    return Permit(self);
                }
            }
            freed.await;
        }
    }

    /// The server is overrun.
    pub(super) fn halve(&self) {
        let mut state = self.state();
        // Answers of one burst count once.
        if state.answers > 0 || state.allowed == MOST {
            state.allowed = (state.allowed / 2).max(1);
            state.answers = 0;
        }
    }

    /// The server answers well.
    pub(super) fn grow(&self) {
        let mut state = self.state();
        state.answers += 1;
        if state.answers >= state.allowed && state.allowed < MOST {
            state.allowed += 1;
            state.answers = 0;
            self.freed.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.state().running -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_halved_by_a_burst_once_and_grows_back() {
        let limit = Limit::default();
        limit.halve();
        limit.halve();
        assert_eq!(limit.state().allowed, 8);
        (0..8).for_each(|_| limit.grow());
        assert_eq!(limit.state().allowed, 9);
        limit.grow();
        limit.halve();
        assert_eq!(limit.state().allowed, 4);
        (0..1000).for_each(|_| limit.grow());
        assert_eq!(limit.state().allowed, MOST);
    }

    #[tokio::test]
    async fn no_more_than_allowed_run_at_a_time() {
        let limit = Limit::default();
        let mut held = Vec::new();
        for _ in 0..MOST {
            held.push(limit.acquire().await);
        }
        let waiting = limit.acquire();
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        held.pop();
        assert!(futures_util::poll!(waiting.as_mut()).is_ready());
    }
}
