//! Asks again and again until there is an answer.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::sleep;

use super::run::Run;
use crate::object::ObjectId;
use crate::target::Target;

/// The longest of growing pauses.
const LONGEST: Duration = Duration::from_secs(5);

/// When to ask again.
pub(super) struct Again {
    watched: Vec<ObjectId>,
    pause: Duration,
}

impl Again {
    /// When one of these objects may have changed, and after a pause in any case: watches may miss a change.
    pub(super) fn on_change(watched: &[ObjectId], pause: Duration) -> Self {
        Self { watched: watched.to_vec(), pause }
    }

    /// After a pause.
    pub(super) fn after(pause: Duration) -> Self {
        Self { watched: Vec::new(), pause }
    }
}

/// Pauses that grow.
pub(super) struct Pauses(Duration);

impl Pauses {
    /// Begins with this one.
    pub(super) fn from(first: Duration) -> Self {
        Self(first)
    }

    /// The next one.
    pub(super) fn take(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 3 / 2).min(LONGEST);
        pause
    }
}

impl<T: Target> Run<'_, T> {
    /// Asks until there is an answer; `None` if the run ends in a pause before. What is asked decides itself what
    /// it does when the run has ended.
    pub(super) async fn poll<R>(
        &self,
        mut ask: impl AsyncFnMut() -> ControlFlow<R, Again>,
    ) -> Option<R> {
        loop {
            let Again { watched, pause } = match ask().await {
                ControlFlow::Break(answer) => return Some(answer),
                ControlFlow::Continue(again) => again,
            };
            let changed = async {
                if watched.is_empty() {
                    return sleep(pause).await;
                }
                tokio::select! {
                    () = self.target.changed(&watched) => {}
                    () = sleep(pause) => {}
                }
            };
            self.unless_ended(changed).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let mut pauses = Pauses::from(Duration::from_secs(1));
        let seconds: Vec<f64> = (0..6).map(|_| pauses.take().as_secs_f64()).collect();
        assert_eq!(seconds, [1.0, 1.5, 2.25, 3.375, 5.0, 5.0]);
    }
}
