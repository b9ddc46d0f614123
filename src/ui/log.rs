//! The log of `-v` on standard error: requests, and at higher levels the libraries below.

use tracing_subscriber::EnvFilter;

use super::Output;

/// Sets the level of each target, like `RUST_LOG`: `ksi=debug,kube=trace`.
const VARIABLE: &str = "KSI_LOG";

impl Output {
    /// Starts the log, and lists more, if `-v` or the environment asks for it.
    ///
    /// # Errors
    /// The environment variable is not valid: why.
    pub fn log(&mut self, verbosity: u8) -> Result<(), String> {
        self.verbose = verbosity > 0;
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
                "{VARIABLE}: {error}\nhelp: set a level for each target, for example `{VARIABLE}=ksi=debug`"
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
