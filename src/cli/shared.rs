//! What several verbs do: prepare a configuration, ask, show a plan, execute it.

pub(super) mod apply;
pub(super) mod closing;
pub(super) mod confirm;
pub(super) mod execution;
pub(super) mod handover;
pub(super) mod interrupt;
pub(super) mod outage;
pub(super) mod plan;
pub(super) mod plan_again;
pub(super) mod preflight;
pub(super) mod preparation;
pub(super) mod risk;
