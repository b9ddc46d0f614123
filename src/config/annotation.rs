//! The annotations of the ClusterConfiguration by which a user steers the controller.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How changes are made: `enforce`, `observe`, `plan` or `paused`.
pub const MODE: &str = "ksi.kubesphere.io/mode";
/// When a pause ends, RFC 3339.
pub const PAUSED_UNTIL: &str = "ksi.kubesphere.io/paused-until";

/// How the controller makes changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It applies every edit and repairs drift.
    #[default]
    Enforce,
    /// It applies every edit, and only reports drift.
    Observe,
    /// It writes nothing until the plan is approved.
    Plan,
    /// It writes nothing.
    Paused,
}

impl Mode {
    /// The value of the annotation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
            Self::Plan => "plan",
            Self::Paused => "paused",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Enforce, Self::Observe, Self::Plan, Self::Paused]
            .into_iter()
            .find(|mode| mode.as_str() == text)
    }
}

/// What the annotations say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Steering {
    /// The mode; what cannot be understood changes nothing.
    pub mode: Mode,
    /// An annotation that cannot be understood, with what to write.
    pub mistake: Option<String>,
    /// When a pause ends.
    pub paused_until: Option<OffsetDateTime>,
}

impl Steering {
    /// Reads the annotations of an object.
    pub fn of(object: &Value) -> Self {
        let annotation = |name: &str| {
            let text = object["metadata"]["annotations"][name].as_str().map(str::trim);
            text.filter(|text| !text.is_empty())
        };
        let mut mistake = None;
        let mode = annotation(MODE).map_or(Mode::default(), |text| {
            Mode::parse(text).unwrap_or_else(|| {
                mistake = Some(format!(
                    "annotation {MODE} is `{text}`: use enforce, observe, plan or paused; until then \
                     nothing is changed"
                ));
                Mode::Paused
            })
        });
        let paused_until = annotation(PAUSED_UNTIL).and_then(|text| {
            let time = OffsetDateTime::parse(text, &Rfc3339).ok();
            if time.is_none() {
                mistake = Some(format!(
                    "annotation {PAUSED_UNTIL} is `{text}`: use a time such as 2026-12-24T08:00:00Z"
                ));
            }
            time
        });
        Self { mode, mistake, paused_until }
    }

    /// The mode at a time: a pause may have ended.
    pub fn mode_at(&self, now: OffsetDateTime) -> Mode {
        let is_over = self.mode == Mode::Paused && self.paused_until.is_some_and(|end| end <= now);
        if is_over { Mode::default() } else { self.mode }
    }
}
