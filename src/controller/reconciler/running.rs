//! One run, beside which edits are watched and the status is written.

use std::cell::RefCell;
use std::pin::pin;

use time::OffsetDateTime;

use super::super::cc::{Configured, Mode};
use super::super::decision::{Cause, Deviations, Wanted};
use super::super::error::Error;
use super::super::event::Reason;
use super::super::notice::Notice;
use super::super::operation::{Operation, Step};
use super::super::problem;
use super::super::progress::Progress;
use super::super::publish::seconds;
use super::super::requester::requester;
use super::beside::Beside;
use super::{Notify, Reconciler};
use crate::engine::Stop;
use crate::install::{self, Source};

impl Reconciler<'_> {
    /// Carries a run out. Returns whether it ended, and was not superseded.
    pub(super) async fn operate(
        &mut self,
        cause: Cause,
        cc: Configured,
        wanted: Wanted,
        seen: Deviations,
        notify: Notify<'_>,
    ) -> Result<bool, Error> {
        if matches!(cause, Cause::Edit | Cause::Request) {
            self.fights.clear();
        }
        let id = format!("{:08x}", fastrand::u32(..));
        let by = requester(&cc, cause);
        let started = seconds(OffsetDateTime::now_utc());
        let progress = Progress::new(id.clone(), cause, by.clone(), started);
        notify(Notice::Begins { id, cause, by, generation: cc.generation });
        let stop = Stop::default();
        let operation = Operation {
            cluster: self.cluster,
            holder: self.settings.holder.clone(),
            timeout: self.settings.timeout,
            wait: self.settings.wait,
            once: self.settings.once,
            cc: cc.clone(),
            used_approval: self.state.as_ref().and_then(|state| state.used_approval.clone()),
            mode: wanted.mode,
            fights: &self.fights,
            stop: stop.clone(),
        };
        let notify = RefCell::new(notify);
        let tell = |notice| (notify.borrow_mut())(notice);
        let beside = Beside::new(self.state.clone(), progress);
        let outcome = {
            let mut on_step = |step| match step {
                Step::Planned(summary) => {
                    beside.progress.borrow_mut().planned(&summary);
                    tell(Notice::Planned(summary));
                }
                Step::Event(event) => {
                    beside.progress.borrow_mut().record(&event);
                    tell(Notice::Event(event));
                }
                Step::Warning(text) => tell(Notice::Warning(text)),
            };
            let mut run = pin!(operation.run(&mut on_step));
            let mut publishing = pin!(beside.publish(&mut self.publisher, &tell));
            loop {
                tokio::select! {
                    biased;
                    outcome = &mut run => break outcome,
                    () = self.stop.requested(), if !stop.is_requested() => stop.request(),
                    () = self.configurations.changed() => {
                        let Some(new) = self.configurations.ours() else { stop.request(); continue };
                        match superseded_by(&cc, wanted.mode, &new, OffsetDateTime::now_utc()) {
                            Edit::None => beside.is_taken_back(new),
                            Edit::Valid => stop.request(),
                            Edit::Invalid(problems) => beside.is_invalid(new, problems),
                        }
                    }
                    never = &mut publishing => match never {},
                }
            }
        };
        let notify = notify.into_inner();
        let (progress, untold) = beside.into_parts();
        if let Some(message) = untold {
            self.tell(Reason::Invalid, &message, notify).await;
        }
        self.end(outcome, wanted, seen, progress, notify).await
    }
}

/// What an edit during a run means for it.
enum Edit {
    /// It is about something else.
    None,
    /// It takes the place of the run.
    Valid,
    /// It changes nothing.
    Invalid(Vec<problem::Problem>),
}

/// `mode` is that of the run: the pause that the ClusterConfiguration names may have ended before it.
fn superseded_by(cc: &Configured, mode: Mode, new: &Configured, now: OffsetDateTime) -> Edit {
    let mode_now = new.mode_at(now);
    let allows_less = mode_now != mode && mode_now != Mode::Enforce;
    if new.uid != cc.uid || allows_less {
        return Edit::Valid;
    }
    if new.spec_hash == cc.spec_hash {
        return Edit::None;
    }
    match Source::of_cluster(&new.body).load().precheck() {
        Err(install::Error::Rejected(rejected)) => Edit::Invalid(problem::of_rejected(&rejected)),
        _ => Edit::Valid,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn cc(mode: &str, until: Option<&str>) -> Configured {
        let mut annotations = json!({"ksi.kubesphere.io/mode": mode});
        if let Some(until) = until {
            annotations["ksi.kubesphere.io/paused-until"] = until.into();
        }
        Configured::of(json!({
            "metadata": {"name": "ks-installer", "uid": "u", "generation": 3, "annotations": annotations},
            "spec": {},
        }))
    }

    #[test]
    fn a_run_ends_when_its_mode_allows_less_than_before() {
        let now = datetime!(2026-01-02 12:00 UTC);
        let ends = |old: &Configured, new: &Configured| {
            matches!(superseded_by(old, old.mode_at(now), new, now), Edit::Valid)
        };
        let enforce = cc("enforce", None);
        for mode in ["plan", "observe", "paused"] {
            assert!(ends(&enforce, &cc(mode, None)), "{mode}");
            assert!(!ends(&cc(mode, None), &cc(mode, None)), "{mode}");
            assert!(!ends(&cc(mode, None), &enforce), "{mode}");
        }
        let over = cc("paused", Some("2026-01-02T11:00:00Z"));
        assert!(!ends(&enforce, &over));
        // It ran since the pause was over, and now the pause is longer.
        assert!(ends(&over, &cc("paused", Some("2026-01-02T13:00:00Z"))));
    }
}
