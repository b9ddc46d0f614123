//! What the controller does next. Pure: what it knows, and the time, decide.

use std::collections::BTreeSet;
use std::time::Duration;

use super::cc::Mode;

/// The first wait before what may pass is tried again. It doubles each time.
const FIRST_RETRY: Duration = Duration::from_secs(15);
/// The longest one.
const LONGEST_RETRY: Duration = Duration::from_secs(15 * 60);

/// What a run is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The controller has just started.
    Start,
    /// The specification was edited, or the ClusterConfiguration is another one.
    Edit,
    /// The mode, or the approval, was changed.
    Mode,
    /// A user asked for it.
    Request,
    /// The Secret that the configuration names was changed.
    Secret,
    /// Others changed what ksi wrote.
    Drift,
    /// The last run failed for a reason that may have passed.
    Retry,
    /// Some time has passed: certificates come due, and watches may miss something.
    Resync,
}

impl Cause {
    /// The word in the status and the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::Edit => "Edit",
            Self::Mode => "Mode",
            Self::Request => "Request",
            Self::Secret => "Secret",
            Self::Drift => "Drift",
            Self::Retry => "Retry",
            Self::Resync => "Resync",
        }
    }
}

/// What a run is made from. A run is due when it differs from that of the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The uid of the ClusterConfiguration.
    pub uid: String,
    /// The hash of its specification.
    pub spec_hash: String,
    /// The mode now.
    pub mode: Mode,
    /// The hash of the plan that is approved.
    pub approve: Option<String>,
    /// The last request.
    pub requested_at: Option<String>,
    /// The version of the Secret that it names.
    pub secret: Option<String>,
}

/// What is different from what ksi wrote: each object with what happened to it.
pub(super) type Deviations = BTreeSet<String>;

/// What is known of the runs so far.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// What the last run was made from.
    handled: Option<Wanted>,
    /// What the last run has seen, and left.
    settled: Deviations,
    /// When a failed run is repeated.
    retry: Option<Duration>,
    /// How often it failed in a row.
    failures: u32,
    /// Whether the last run failed because something did not become healthy.
    awaits_health: bool,
    /// Whether the last run was cut short while it wrote: neither the old specification runs nor the new one.
    is_partial: bool,
    /// When to look at everything again.
    resync: Duration,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Run now.
    Run(Cause),
    /// Wait for a change, at most until then.
    Wait(Option<Duration>),
}

/// How a run ended, as far as that decides about the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// There is nothing to do, or it has to wait for a user.
    Settled,
    /// It failed, and will fail again until something is edited.
    Failed,
    /// It failed, and may not the next time.
    Passing,
    /// The same, and what it awaited may become healthy by itself.
    Unhealthy,
    /// It was cut short before it wrote anything, since something newer is to be done.
    Superseded,
    /// The same while it wrote.
    Partial,
}

impl Memory {
    /// What to do at a time. `healthy` is whether everything is.
    pub(super) fn next(
        &self,
        wanted: &Wanted,
        deviations: &Deviations,
        healthy: bool,
        now: Duration,
    ) -> Next {
        let Some(handled) = &self.handled else {
            return if wanted.mode == Mode::Paused {
                Next::Wait(None)
            } else {
                Next::Run(Cause::Start)
            };
        };
        if wanted.mode == Mode::Paused {
            return Next::Wait(None);
        }
        // Also where it was edited back to what was handled before.
        let is_other = (&handled.uid, &handled.spec_hash) != (&wanted.uid, &wanted.spec_hash);
        if self.is_partial || is_other {
            return Next::Run(Cause::Edit);
        }
        if wanted.requested_at.is_some() && handled.requested_at != wanted.requested_at {
            return Next::Run(Cause::Request);
        }
        if handled.secret != wanted.secret {
            return Next::Run(Cause::Secret);
        }
        // An approval that is withdrawn changes nothing.
        if handled.mode != wanted.mode
            || (wanted.approve.is_some() && handled.approve != wanted.approve)
        {
            return Next::Run(Cause::Mode);
        }
        if self.awaits_health && healthy {
            return Next::Run(Cause::Retry);
        }
        if !deviations.is_subset(&self.settled) {
            return Next::Run(Cause::Drift);
        }
        match self.retry {
            Some(at) if now >= at => Next::Run(Cause::Retry),
            Some(at) => Next::Wait(Some(at)),
            None if now >= self.resync => Next::Run(Cause::Resync),
            None => Next::Wait(Some(self.resync)),
        }
    }

    /// Notes what is different now: what was different and is no longer may be so again, and is news then.
    pub(super) fn saw(&mut self, deviations: &Deviations) {
        self.settled.retain(|known| deviations.contains(known));
    }

    /// Notes the end of a run. `seen` are the deviations before it.
    pub(super) fn ended(
        &mut self,
        wanted: Wanted,
        seen: Deviations,
        ended: Ended,
        now: Duration,
        resync: Duration,
    ) {
        self.resync = now + resync;
        self.awaits_health = ended == Ended::Unhealthy;
        self.is_partial =
            ended == Ended::Partial || (self.is_partial && ended == Ended::Superseded);
        match ended {
            Ended::Superseded | Ended::Partial => return,
            Ended::Settled | Ended::Failed => {
                self.failures = 0;
                self.retry = None;
            }
            Ended::Passing | Ended::Unhealthy => {
                // Another specification fails for other reasons.
                let same = self.handled.as_ref().is_some_and(|h| h.spec_hash == wanted.spec_hash);
                self.failures = if same { self.failures + 1 } else { 1 };
                self.retry = Some(now + backoff(self.failures));
            }
        }
        self.handled = Some(wanted);
        self.settled = seen;
    }

    /// The last request that was handled.
    pub(super) fn handled_request(&self) -> Option<&str> {
        self.handled.as_ref()?.requested_at.as_deref()
    }
}

/// The wait after this many failures in a row.
fn backoff(failures: u32) -> Duration {
    FIRST_RETRY.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const RESYNC: Duration = Duration::from_secs(600);

    fn wanted() -> Wanted {
        Wanted {
            uid: "u".into(),
            spec_hash: "1".into(),
            mode: Mode::Enforce,
            approve: None,
            requested_at: None,
            secret: None,
        }
    }

    fn after(ended: Ended) -> Memory {
        let mut memory = Memory::default();
        memory.ended(wanted(), Deviations::new(), ended, MINUTE, RESYNC);
        memory
    }

    fn next(memory: &Memory, wanted: &Wanted) -> Next {
        memory.next(wanted, &Deviations::new(), false, MINUTE * 2)
    }

    #[test]
    fn a_run_is_due_when_what_it_is_made_from_changes() {
        let memory = after(Ended::Settled);
        let idle = Next::Wait(Some(MINUTE * 11));
        let text = |text: &str| Some(text.to_owned());
        let rows = [
            (wanted(), idle),
            (Wanted { spec_hash: "2".into(), ..wanted() }, Next::Run(Cause::Edit)),
            (Wanted { uid: "v".into(), ..wanted() }, Next::Run(Cause::Edit)),
            (Wanted { requested_at: text("now"), ..wanted() }, Next::Run(Cause::Request)),
            (Wanted { secret: text("7"), ..wanted() }, Next::Run(Cause::Secret)),
            (Wanted { mode: Mode::Plan, ..wanted() }, Next::Run(Cause::Mode)),
            (Wanted { approve: text("h"), ..wanted() }, Next::Run(Cause::Mode)),
            (Wanted { mode: Mode::Paused, spec_hash: "2".into(), ..wanted() }, Next::Wait(None)),
        ];
        for (wanted, expected) in rows {
            assert_eq!(next(&memory, &wanted), expected, "{wanted:?}");
        }
        assert_eq!(next(&Memory::default(), &wanted()), Next::Run(Cause::Start));
        let paused = Wanted { mode: Mode::Paused, ..wanted() };
        assert_eq!(next(&Memory::default(), &paused), Next::Wait(None));
        assert_eq!(
            memory.next(&wanted(), &Deviations::new(), true, MINUTE * 11),
            Next::Run(Cause::Resync)
        );
    }

    #[test]
    fn what_is_no_longer_asked_for_asks_for_nothing() {
        let mut memory = Memory::default();
        let asked =
            Wanted { approve: Some("h".into()), requested_at: Some("t".into()), ..wanted() };
        memory.ended(asked, Deviations::new(), Ended::Settled, MINUTE, RESYNC);
        assert_eq!(next(&memory, &wanted()), Next::Wait(Some(MINUTE * 11)));
        assert_eq!(memory.handled_request(), Some("t"));
    }

    #[test]
    fn drift_starts_a_run_once() {
        let seen = |what: &[&str]| what.iter().map(|one| (*one).to_owned()).collect::<Deviations>();
        let mut memory = after(Ended::Settled);
        let ask = |memory: &Memory, wanted: &Wanted, what: &[&str]| {
            memory.next(wanted, &seen(what), true, MINUTE * 2)
        };
        assert_eq!(ask(&memory, &wanted(), &["a"]), Next::Run(Cause::Drift));
        // What a run has seen and left, such as a conflict, is no reason for another one.
        memory.ended(wanted(), seen(&["a"]), Ended::Settled, MINUTE, RESYNC);
        assert_eq!(ask(&memory, &wanted(), &["a"]), Next::Wait(Some(MINUTE * 11)));
        assert_eq!(ask(&memory, &wanted(), &["a", "b"]), Next::Run(Cause::Drift));
        // It went, and came back.
        memory.saw(&seen(&["a", "b"]));
        assert_eq!(ask(&memory, &wanted(), &["a"]), Next::Wait(Some(MINUTE * 11)));
        memory.saw(&seen(&[]));
        assert_eq!(ask(&memory, &wanted(), &["a"]), Next::Run(Cause::Drift));
    }

    #[test]
    fn what_may_pass_is_tried_again_ever_later_and_what_may_not_waits_for_an_edit() {
        assert_eq!(next(&after(Ended::Failed), &wanted()), Next::Wait(Some(MINUTE * 11)));
        let mut memory = after(Ended::Passing);
        let mut waits = Vec::new();
        for _ in 0..8 {
            let at = memory.retry.unwrap();
            waits.push(at.saturating_sub(MINUTE).as_secs());
            assert_eq!(
                memory.next(&wanted(), &Deviations::new(), false, at),
                Next::Run(Cause::Retry)
            );
            memory.ended(wanted(), Deviations::new(), Ended::Passing, MINUTE, RESYNC);
        }
        assert_eq!(waits, [15, 30, 60, 120, 240, 480, 900, 900]);
        let other = Wanted { spec_hash: "2".into(), ..wanted() };
        memory.ended(other, Deviations::new(), Ended::Passing, MINUTE, RESYNC);
        assert_eq!(memory.retry, Some(MINUTE + FIRST_RETRY));
    }

    #[test]
    fn what_became_healthy_by_itself_is_looked_at_at_once() {
        let memory = after(Ended::Unhealthy);
        assert_eq!(
            next(&memory, &wanted()),
            Next::Run(Cause::Retry),
            "the time of the retry has come"
        );
        let early = MINUTE + Duration::from_secs(1);
        let none = Deviations::new();
        assert_eq!(memory.next(&wanted(), &none, false, early), Next::Wait(memory.retry));
        assert_eq!(memory.next(&wanted(), &none, true, early), Next::Run(Cause::Retry));
    }

    #[test]
    fn a_superseded_run_has_handled_nothing() {
        let mut memory = after(Ended::Settled);
        let other = Wanted { spec_hash: "2".into(), ..wanted() };
        memory.ended(other.clone(), Deviations::new(), Ended::Superseded, MINUTE, RESYNC);
        assert_eq!(next(&memory, &other), Next::Run(Cause::Edit));
        assert!(matches!(next(&memory, &wanted()), Next::Wait(_)), "it was edited back in time");
    }

    #[test]
    fn an_edit_that_is_taken_back_while_it_is_written_is_put_back() {
        let mut memory = after(Ended::Settled);
        let other = Wanted { spec_hash: "2".into(), ..wanted() };
        memory.ended(other.clone(), Deviations::new(), Ended::Partial, MINUTE, RESYNC);
        assert_eq!(next(&memory, &wanted()), Next::Run(Cause::Edit));
        // Also if that run is superseded in turn before it writes.
        memory.ended(wanted(), Deviations::new(), Ended::Superseded, MINUTE, RESYNC);
        assert_eq!(next(&memory, &wanted()), Next::Run(Cause::Edit));
        let paused = Wanted { mode: Mode::Paused, ..wanted() };
        assert_eq!(next(&memory, &paused), Next::Wait(None));
        memory.ended(wanted(), Deviations::new(), Ended::Settled, MINUTE, RESYNC);
        assert!(matches!(next(&memory, &wanted()), Next::Wait(_)));
    }
}
