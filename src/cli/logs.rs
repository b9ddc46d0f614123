//! `ksi logs`: the logs of all pods of a component.

mod prefix;

use clap::Args;

use self::prefix::Prefixes;
use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::span::Span;
use crate::object::Scrubber;
use crate::status::{Container, LogError, LogFollower, LogQuery, LogReader, LogUpdate};
use crate::ui::Output;

/// Print the logs of the pods of a component, or of all
///
/// Each line begins with pod and container. With -f, new pods and restarted containers are picked up as
/// they come. What looks like a secret (tokens, hashes, keys, passwords) is hidden, and escape
/// sequences are left out.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  ksi logs ks-core --tail 50
  ksi logs ks-core -c ks-apiserver -f --since 5m
  ksi logs tower --previous --timestamps")]
pub(super) struct LogsArgs {
    /// The component; without it all
    component: Option<String>,
    /// Go on with new lines, until Ctrl-C
    #[arg(short, long, conflicts_with = "previous")]
    follow: bool,
    /// Only lines that are younger, as 90s, 10m or 1h30m
    #[arg(long, value_name = "SPAN")]
    since: Option<Span>,
    /// Only so many lines from the end of each log
    #[arg(long, value_name = "N")]
    tail: Option<u32>,
    /// Only containers of this name
    #[arg(short, long, value_name = "NAME")]
    container: Option<String>,
    /// Of the containers before their last restart
    #[arg(long)]
    previous: bool,
    /// Put the time before each line
    #[arg(long)]
    timestamps: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl LogsArgs {
    fn query(&self) -> LogQuery {
        let Self { component, container, previous, tail, since, timestamps, .. } = self.clone();
        let (tail, since_seconds) = (tail.map(i64::from), since.map(Span::seconds));
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
    /// Logs that can be read. An installation without pods is no failure.
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
                let lines: String = lines.iter().map(|line| format!("{prefix}{line}\n")).collect();
                return Ok(self.output.data(&lines)?);
            }
            LogUpdate::Unreadable(error) => error.to_string(),
            LogUpdate::Reopening { container, cause } => {
                let Container { pod, name, .. } = &*container;
                format!("the log of {pod}/{name} broke off, it is opened again: {cause}")
            }
            LogUpdate::Reconnecting(cause) => {
                format!("the connection broke, it is made again: {cause}")
            }
        };
        self.output.print(&format!("ksi: {message}"));
        Ok(())
    }
}
