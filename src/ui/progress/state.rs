//! The state of a component.

use crate::engine::ComponentState;

/// The state of a component, as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It has not started.
    Queued,
    /// It waits for another component.
    Waiting,
    /// Its objects are being written.
    Writing,
    /// ksi waits for its objects to become healthy.
    Checking,
    /// Its objects are being deleted.
    Removing,
    /// All its objects are written and healthy.
    Healthy,
    /// All its objects are written; their health was not checked.
    Written,
    /// All its objects are deleted.
    Removed,
    /// At least one of its objects failed.
    Failed,
    /// At least one of its objects is in conflict.
    Conflict,
    /// It was not applied.
    Skipped,
    /// The run ended before it was done.
    Stopped,
}

impl State {
    /// Whether work on it is in progress.
    pub(super) fn is_busy(self) -> bool {
        matches!(self, Self::Waiting | Self::Writing | Self::Checking | Self::Removing)
    }

    /// Whether it is done.
    pub(super) fn is_success(self) -> bool {
        matches!(self, Self::Healthy | Self::Written | Self::Removed)
    }

    /// Whether it ended without being done.
    pub(super) fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Conflict | Self::Skipped)
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
            ComponentState::Conflict => Self::Conflict,
            ComponentState::Skipped => Self::Skipped,
        }
    }
}
