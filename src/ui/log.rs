//! What `-v` tells on standard error: every request, and with more of it what the libraries below do.

use tracing_subscriber::EnvFilter;

use super::Output;

/// Names targets and their levels, as `RUST_LOG` does elsewhere: `ksi=debug,kube=trace`.
const VARIABLE: &str = "KSI_LOG";

impl Output {
    /// Begins to log, if `-v` was given so often, or if the environment wants it.
    ///
    /// # Errors
    /// The environment cannot be understood: why.
    pub fn log(&mut self, verbosity: u8) -> Result<(), String> {
        let variable = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty());
        let wanted = match (&variable, verbosity) {
            (Some(text), 0) => text,
            (None, 0) => return Ok(()),
            (_, 1) => "ksi=debug",
            (_, 2) => "ksi=trace,kube=debug,hyper=debug,tower=debug",
            _ => "trace",
        };
        let filter = EnvFilter::try_new(wanted).map_err(|error| {
            format!(
                "{VARIABLE}: {error}\nhelp: give levels to targets, as in `{VARIABLE}=ksi=debug`"
            )
        })?;
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(self.colour_messages)
            .init();
        self.logs = true;
        Ok(())
    }
}
