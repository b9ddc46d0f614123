//! `ksi logs`: print the logs of components.

mod prefix;

use clap::Args;

use self::prefix::Prefixes;
use super::args::connection::ConnectionArgs;
use super::args::duration::DurationArg;
use super::exit::Failure;
use crate::object::Scrubber;
use crate::status::{Container, LogError, LogFollower, LogQuery, LogReader, LogUpdate};
use crate::ui::Output;

/// Print the logs of the pods of one or all components
///
/// `ks-installer` is ksi itself in the cluster: the controller and the Job. Each line starts with the pod and the container. -f also follows new pods and restarted containers.
/// Everything that looks like a token, hash, key or password is replaced by ***; terminal escape
/// sequences are removed.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  ksi logs ks-core --tail 50
  ksi logs ks-core -c ks-apiserver -f --since 5m
  ksi logs ks-installer -f
  ksi logs tower --previous --timestamps")]
pub(super) struct LogsArgs {
    /// Component, or ks-installer [default: all components]
    component: Option<String>,
    /// Wait for new lines until Ctrl-C
    #[arg(short, long, conflicts_with = "previous")]
    follow: bool,
    /// Show only lines newer than this, for example 90s, 10m or 1h30m
    #[arg(long, value_name = "DURATION")]
    since: Option<DurationArg>,
    /// Show only the last N lines of each log
    #[arg(long, value_name = "N")]
    tail: Option<u32>,
    /// Show only containers with this name
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
    /// Show the logs from before the last restart
    #[arg(long)]
    previous: bool,
    /// Show the time of each line
    #[arg(long)]
    timestamps: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl LogsArgs {
    fn query(&self) -> LogQuery {
        let Self { component, container, previous, tail, since, timestamps, .. } = self.clone();
        let (tail, since_seconds) = (tail.map(i64::from), since.map(DurationArg::seconds));
        LogQuery { component, container, previous, tail, since_seconds, timestamps }
    }
}

pub(super) fn run(args: &LogsArgs, output: &Output) -> Result<(), Failure> {
    super::block_on(async {
        let cluster = args.connection.connect().await?;
        let (query, scrubber) = (args.query(), Scrubber::new());
        let mut printer = Printer { output, prefixes: Prefixes::new(output.colour) };
        if args.follow {
            let logs = LogFollower::start(&cluster, query, &scrubber).await;
            let Some(mut logs) = printer.started(logs)? else { return Ok(()) };
            while let Some(update) = logs.next().await {
                printer.print(update)?;
            }
            return Ok(());
        }
        let logs = LogReader::start(&cluster, query, &scrubber).await;
        let Some(mut logs) = printer.started(logs)? else { return Ok(()) };
        while let Some(update) = logs.next().await {
            printer.print(update)?;
        }
        Ok(logs.finish()?)
    })?
}

struct Printer<'o> {
    output: &'o Output,
    prefixes: Prefixes,
}

impl Printer<'_> {
    /// The logs; an installation without pods is not an error.
    fn started<T>(&self, logs: Result<T, LogError>) -> Result<Option<T>, Failure> {
        match logs {
            Err(error @ LogError::NoPods) => {
                self.output.print(&error.to_string());
                Ok(None)
            }
            logs => Ok(Some(logs?)),
        }
    }

    /// Prints lines; messages about the logs go to standard error.
    fn print(&mut self, update: LogUpdate) -> Result<(), Failure> {
        let message = match update {
            LogUpdate::Lines { container, lines } => {
                let prefix = self.prefixes.of(&container.pod, &container.name);
                let lines =
                    lines.iter().fold(String::new(), |text, line| text + &prefix + line + "\n");
                return Ok(self.output.data(&lines)?);
            }
            LogUpdate::Unreadable(error) => error.to_string(),
            LogUpdate::Reopening { container, cause } => {
                let Container { pod, name, .. } = &*container;
                format!("lost the log of {pod}/{name}, reopening: {cause}")
            }
            LogUpdate::Reconnecting(cause) => {
                format!("connection lost, reconnecting: {cause}")
            }
        };
        self.output.print(&format!("ksi: {message}"));
        Ok(())
    }
}
