//! How a run goes about it: flags that `apply` and `rollback` share.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::install::{self, ApplyRequest, Consents, Prepared};

/// How a run goes about it.
#[derive(Debug, Clone, Args)]
pub(super) struct RunArgs {
    /// Show what would change and change nothing: `client` asks the server only about what is there,
    /// `server` also about what is new
    #[arg(
        long, value_enum, value_name = "WHERE",
        num_args = 0..=1, require_equals = true, default_missing_value = "client"
    )]
    dry_run: Option<DryRun>,
    /// Touch only these components; may be repeated or separated by commas
    #[arg(long, value_name = "COMPONENT", value_delimiter = ',')]
    only: Vec<String>,
    /// How long the whole run may take, for instance 90s, 15m, 1h
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration, env = "KSI_TIMEOUT")]
    pub(super) timeout: Duration,
    /// Wait until everything is healthy
    #[arg(
        long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set,
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    wait: bool,
    /// Take this field from whoever owns it, as a conflict names it: .spec.replicas; may be repeated
    #[arg(long, value_name = "FIELD")]
    take: Vec<String>,
    /// Take every field from whoever owns it
    #[arg(long)]
    force_conflicts: bool,
}

/// Who is asked what would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DryRun {
    /// The server only about what is there already.
    Client,
    /// The server about everything.
    Server,
}

impl RunArgs {
    /// The same as a request, without what other flags say.
    pub(super) fn request<'p>(&self, prepared: &'p Prepared) -> ApplyRequest<'p> {
        ApplyRequest {
            prepared,
            consents: Consents::default(),
            components: self.only.clone(),
            force_conflicts: self.force_conflicts,
            take: self.take.clone(),
            wait: self.wait,
            dry_run: self.dry_run.map(|asked| match asked {
                DryRun::Client => install::DryRun::Client,
                DryRun::Server => install::DryRun::Server,
            }),
            skip_checks: Vec::new(),
            history_max: 0,
        }
    }
}

/// For verbs that take as long as each request does.
pub(super) const NO_TIMEOUT: Duration = Duration::MAX;

/// Reads `90s`, `15m`, `1h`, `1h30m`; a number alone is seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time; write it like 90s, 15m or 1h30m");
    let mut seconds = 0_u64;
    let mut number = String::new();
    for c in text.chars() {
        let unit = match c {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return Err(wrong()),
        };
        let count: u64 = std::mem::take(&mut number).parse().map_err(|_| wrong())?;
        seconds = count.checked_mul(unit).and_then(|s| seconds.checked_add(s)).ok_or_else(wrong)?;
    }
    if !number.is_empty() {
        seconds = number.parse().ok().filter(|_| seconds == 0).ok_or_else(wrong)?;
    }
    if seconds == 0 { Err(wrong()) } else { Ok(Duration::from_secs(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_kubectl_reads_them() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h30m", 5400), ("45", 45)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0", "m", "1d", "-1s", "1h30", "99999999999999999999h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
