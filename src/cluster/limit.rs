//! The limit of concurrent requests: halved when the server reports too many, and increased by one after
//! each round of responses.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// What API servers accept from one client without throttling.
const MOST: usize = 16;

#[derive(Debug)]
pub(super) struct Limit {
    permits: Semaphore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    allowed: usize,
    /// Responses since the limit last changed.
    answers: usize,
    /// Permits to drop when they are returned.
    excess: usize,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            permits: Semaphore::new(MOST),
            state: Mutex::new(State { allowed: MOST, answers: 0, excess: 0 }),
        }
    }
}

/// Permission to send one request.
pub(super) struct Permit<'l> {
    limit: &'l Limit,
    /// `None` only if the semaphore was closed, which never happens.
    permit: Option<SemaphorePermit<'l>>,
}

impl Limit {
    /// Waits for permission to send.
    pub(super) async fn acquire(&self) -> Permit<'_> {
        Permit { limit: self, permit: self.permits.acquire().await.ok() }
    }

    /// Halves the limit.
    pub(super) fn halve(&self) {
        let mut state = self.state();
        // Responses of one burst count once.
        if state.answers > 0 || state.allowed == MOST {
            let fewer = (state.allowed / 2).max(1);
            let surplus = state.allowed - fewer;
            state.excess += surplus - self.permits.forget_permits(surplus);
            state.allowed = fewer;
            state.answers = 0;
        }
    }

    /// Counts a good response.
    pub(super) fn grow(&self) {
        let mut state = self.state();
        state.answers += 1;
        if state.answers >= state.allowed && state.allowed < MOST {
            state.allowed += 1;
            state.answers = 0;
            if state.excess > 0 {
                state.excess -= 1;
            } else {
                self.permits.add_permits(1);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.limit.state();
        if state.excess > 0
            && let Some(permit) = self.permit.take()
        {
            state.excess -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

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
        assert_eq!(limit.permits.available_permits(), MOST);
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

    #[test]
    fn requests_in_flight_count_when_it_is_halved() {
        let limit = Limit::default();
        let acquire = || limit.acquire().now_or_never();
        let mut held: Vec<_> = std::iter::from_fn(acquire).take(MOST).collect();
        limit.halve();
        held.truncate(8);
        assert!(acquire().is_none(), "half of them are on their way");
        held.pop();
        let one = acquire();
        assert!(one.is_some() && acquire().is_none());
        drop((held, one));
        let again: Vec<_> = std::iter::from_fn(acquire).collect();
        assert_eq!(again.len(), 8);
        // One more is allowed while permits still have to come back.
        drop(again);
        (0..1000).for_each(|_| limit.grow());
        let all: Vec<_> = std::iter::from_fn(acquire).collect();
        limit.halve();
        (0..8).for_each(|_| limit.grow());
        drop(all);
        assert_eq!(limit.permits.available_permits(), 9);
    }
}
