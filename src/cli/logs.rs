//! `ksi logs`: the logs of all pods of a component.

mod prefix;
pub(super) mod select;

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;
use futures_util::future::join_all;
use futures_util::stream::{BoxStream, SelectAll, StreamExt as _};
use serde_json::Value;
use tokio::time::Instant;

use self::prefix::Prefixes;
use self::select::{Container, containers, pods_of};
use super::connection::ConnectionArgs;
use super::exit::Failure;
use super::span::Span;
use crate::cluster::{Change, Cluster, Error, LogOptions, Selection};
use crate::diagnose;
use crate::object::{ObjectId, Scrubber};
use crate::status::{Installed, Snapshot};
use crate::ui::Output;

/// Print the logs of the pods of a component, or of all
///
/// Each line begins with pod and container. With -f, new pods and restarted containers are picked up as
/// they come. What looks like a secret (tokens, hashes, keys, passwords) is hidden, and escape
/// sequences are left out.
#[derive(Debug, Args)]
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

pub(super) fn run(args: &LogsArgs, output: &Output) -> Result<(), Failure> {
    super::block_on(async {
        let cluster = args.connection.connect().await?;
        let installed = Installed::read(&cluster).await?.only(args.component.as_deref())?;
        let logs = Logs { args, cluster: &cluster, output };
        if args.follow { logs.follow(&installed).await } else { logs.print(&installed).await }
    })?
}

struct Logs<'l> {
    args: &'l LogsArgs,
    cluster: &'l Cluster,
    output: &'l Output,
}

impl Logs<'_> {
    /// What there is, container by container.
    async fn print(&self, installed: &Installed) -> Result<(), Failure> {
        let live = Snapshot::read(self.cluster, installed).await?;
        let pods = pods_of(installed, &live);
        if pods.is_empty() {
            self.output.say("there are no pods");
            return Ok(());
        }
        let wanted: Vec<Container> = pods.iter().flat_map(|pod| self.wanted(pod)).collect();
        if wanted.is_empty() {
            return Err(Failure::Usage(self.no_container(&pods)));
        }
        let mut prefixes = Prefixes::new(self.output.colour);
        let (mut errors, mut shown) = (Vec::new(), 0);
        // A few at a time: a log is in memory until its turn comes.
        for some in wanted.chunks(4) {
            let logs = some.iter().map(|container| {
                let options = self.options(container);
                async move {
                    self.cluster.log_lines(&container.namespace, &container.pod, &options).await
                }
            });
            for (container, lines) in some.iter().zip(join_all(logs).await) {
                match lines {
                    Ok(lines) => {
                        shown += 1;
                        let scrubber = Scrubber::new();
                        let mut scrub = scrubber.lines();
                        let prefix = prefixes.of(&container.pod, &container.name);
                        let lines =
                            lines.iter().map(|line| format!("{prefix}{}\n", scrub.line(line)));
                        self.output.data(&lines.collect::<Vec<_>>().concat())?;
                    }
                    Err(error) => errors.push(error),
                }
            }
        }
        for error in &errors {
            self.output.say(&format!("ksi: {error}"));
        }
        match errors.into_iter().next() {
            Some(error) if shown == 0 => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// What there is and what comes.
    async fn follow(&self, installed: &Installed) -> Result<(), Failure> {
        let live = Snapshot::read(self.cluster, installed).await?;
        let workloads = select::workloads(installed, &live);
        let mut pods: SelectAll<BoxStream<'static, Change>> = SelectAll::new();
        let namespaces: BTreeSet<_> =
            workloads.iter().filter_map(|w| w["metadata"]["namespace"].as_str()).collect();
        for namespace in namespaces {
            let selection = Selection::within(Some(namespace));
            pods.push(self.cluster.watch(&diagnose::pods(), &selection).await?);
        }
        if pods.is_empty() {
            self.output.say("there are no pods");
            return Ok(());
        }
        let mut open = Open { lines: SelectAll::new(), known: BTreeSet::new() };
        let mut prefixes = Prefixes::new(self.output.colour);
        let scrubber = Scrubber::new();
        let mut scrubs = std::collections::HashMap::new();
        let started = Instant::now();
        let (watches, mut complete) = (pods.len(), 0);
        loop {
            tokio::select! {
                Some(change) = pods.next() => match change {
                    Change::Applied(pod) if workloads.iter().any(|w| crate::health::selects(w, &pod)) => {
                        for container in self.wanted(&pod).into_iter().filter(|c| c.has_log) {
                            self.open(&mut open, container, complete >= watches, None).await;
                        }
                    }
                    Change::Complete => complete += 1,
                    Change::Interrupted(error) => {
                        self.output.say(&format!("ksi: the connection broke, it is made again: {error}"));
                    }
                    Change::Applied(_) | Change::Deleted(_) => {}
                },
                Some((container, entry)) = open.lines.next(), if !open.lines.is_empty() => match entry {
                    Some(Ok(entry)) => {
                        let scrub = scrubs
                            .entry(container.key())
                            .or_insert_with(|| scrubber.lines());
                        let prefix = prefixes.of(&container.pod, &container.name);
                        self.output.data(&format!("{prefix}{}\n", scrub.line(&entry)))?;
                    }
                    Some(Err(error)) => {
                        let Container { pod, name, .. } = &container;
                        self.output.say(&format!("ksi: the log of {pod}/{name} broke off, it is opened again: {}", error.cause));
                        open.known.remove(&container.key());
                        tokio::time::sleep(Duration::from_secs(1)).await;
                        let since = i64::try_from(started.elapsed().as_secs().min(5)).unwrap_or(5);
                        self.open(&mut open, container, true, Some(since)).await;
                    }
                    None => {
                        scrubs.remove(&container.key());
                    }
                },
            }
        }
    }

    /// Opens a log that is not open yet. Those that come later are shown from their beginning.
    async fn open(&self, open: &mut Open, container: Container, late: bool, since: Option<i64>) {
        if !open.known.insert(container.key()) {
            return;
        }
        let mut options = LogOptions { follow: true, ..self.options(&container) };
        if late {
            (options.tail, options.since_seconds) = (None, since);
        }
        match self.cluster.logs(&container.namespace, &container.pod, &options).await {
            Ok(lines) => {
                let end = futures_util::stream::iter([None]);
                let lines = lines.map(Some).chain(end);
                open.lines.push(lines.map(move |line| (container.clone(), line)).boxed());
            }
            Err(error) => {
                // The next change of the pod tries again.
                open.known.remove(&container.key());
                self.output.say(&format!("ksi: {error}"));
            }
        }
    }

    fn options(&self, container: &Container) -> LogOptions {
        let LogsArgs { since, tail, previous, timestamps, .. } = self.args;
        LogOptions {
            container: Some(container.name.clone()),
            previous: *previous,
            tail: tail.map(i64::from),
            since_seconds: since.map(Span::seconds),
            timestamps: *timestamps,
            ..LogOptions::default()
        }
    }

    /// The containers of a pod that were asked for.
    fn wanted(&self, pod: &Value) -> Vec<Container> {
        let mut containers = containers(pod);
        if let Some(name) = &self.args.container {
            containers.retain(|container| container.name == *name);
        } else if !self.args.follow {
            // What never ran has nothing to say.
            containers.retain(|container| container.has_log);
        }
        if self.args.previous {
            containers.retain(|container| container.restarts > 0);
        }
        containers
    }

    fn no_container(&self, pods: &[&Value]) -> String {
        let names: BTreeSet<String> =
            pods.iter().flat_map(|pod| containers(pod)).map(|c| c.name).collect();
        let known = names.into_iter().collect::<Vec<_>>().join(", ");
        match &self.args.container {
            Some(name) if self.args.previous => {
                format!("no container `{name}` was restarted; these are: {known}")
            }
            Some(name) => format!("there is no container `{name}`; these are: {known}"),
            None if self.args.previous => "no container was restarted: leave --previous out".into(),
            None => "no container has started yet: `ksi status` shows what they wait for".into(),
        }
    }
}

/// Logs that are followed.
struct Open {
    lines: SelectAll<BoxStream<'static, (Container, Option<Result<String, Error>>)>>,
    /// Runs of containers whose log is or was open.
    known: BTreeSet<(ObjectId, String, u64)>,
}
