//! How a component is doing.

use crate::engine::ComponentState;

/// How a component is doing, as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing of it has happened yet.
    Queued,
    /// It waits for another one.
    Waiting,
    /// Its objects are written.
    Writing,
    /// Its objects shall become healthy.
    Checking,
    /// Its objects are removed.
    Removing,
    /// Everything is as wanted, and healthy.
    Healthy,
    /// Everything is written; nobody looked further.
    Written,
    /// Everything is gone.
    Removed,
    /// Something is not as wanted.
    Failed,
    /// Nothing that was there was changed.
    LeftOut,
    /// The run was over before it was done.
    Stopped,
}

impl State {
    /// Whether something of it goes on.
    pub(super) fn is_busy(self) -> bool {
        matches!(self, Self::Waiting | Self::Writing | Self::Checking | Self::Removing)
    }

    /// Whether it reached what was wanted.
    pub(super) fn is_well(self) -> bool {
        matches!(self, Self::Healthy | Self::Written | Self::Removed)
    }

    /// Whether it is over without that.
    pub(super) fn is_ill(self) -> bool {
        matches!(self, Self::Failed | Self::LeftOut)
    }
}

impl From<ComponentState> for State {
    fn from(state: ComponentState) -> Self {
        match state {
            ComponentState::Waiting => Self::Waiting,
            ComponentState::Applying => Self::Writing,
            ComponentState::Checking => Self::Checking,
            ComponentState::Healthy => Self::Healthy,
            ComponentState::Done => Self::Written,
            ComponentState::Failed => Self::Failed,
            ComponentState::Skipped => Self::LeftOut,
        }
    }
}
