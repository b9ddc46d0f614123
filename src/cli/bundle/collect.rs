//! Reads what goes into an archive.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::archive::Archive;
use super::contents::{self, README};
use super::secrets::Known;
use crate::cli::exit::Failure;
use crate::cli::logs::select::{Container, containers};
use crate::cli::span::Span;
use crate::cluster::{Cluster, Error, Kind, LogOptions, Selection};
use crate::config::KUBESPHERE_VERSION;
use crate::object::ObjectId;
use crate::status::{self, About, Installed, NAMESPACE, Report, Snapshot, State, TableOptions};
use crate::yaml;

/// Of one log not more than this.
const LOG_BYTES: i64 = 4 << 20;
/// The one list that is not YAML.
const DEFINITIONS: &str = "definitions.txt";
/// So many logs are in memory at a time.
const LOGS: usize = 4;
/// Namespaces of Kubernetes itself, where most is not ours.
const FOREIGN: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "default"];

/// Reads for an archive.
pub(super) struct Collector<'c> {
    pub(super) cluster: &'c Cluster,
    pub(super) installed: &'c Installed,
    pub(super) since: Span,
    /// Without the logs of what is healthy.
    pub(super) quick: bool,
    pub(super) now: OffsetDateTime,
}

/// What cannot be read is left out, and named.
type Problems = Vec<String>;

impl Collector<'_> {
    /// Fills the archive. Returns what had to be left out.
    ///
    /// # Errors
    /// The archive cannot be written, or what is installed cannot be read at all.
    pub(super) async fn collect(&self, archive: &mut Archive) -> Result<Problems, Failure> {
        let mut problems = Problems::new();
        let mut known = Known::default();
        let live = Snapshot::read(self.cluster, self.installed).await?;
        // Values first: whatever comes then is written without them.
        let secrets = self.secrets(&mut known, &mut problems).await;
        let objects = self.objects(&live, &mut known, &mut problems).await;
        let pods: Vec<(ObjectId, Value)> =
            live.pods.iter().map(|(id, body)| (id.clone(), known.masked(body))).collect();
        archive.knows(known.scrubber());
        let mut add = |path: &str, text: &str| {
            archive.add(path, text).map_err(|e| Failure::Io(format!("cannot write {path}: {e}")))
        };
        add("README", README)?;
        add("secrets.json", &format!("{:#}\n", Value::from(secrets)))?;
        add("inventory.json", &format!("{:#}\n", contents::inventory(self.installed)))?;
        for (component, id, body) in objects {
            add(&contents::path(&format!("objects/{component}"), &id), &yaml::emit(&body))?;
        }
        for (id, body) in &pods {
            add(&contents::path("pods", id), &yaml::emit(body))?;
        }
        for (path, text) in self.overview(&live, &mut problems).await {
            add(path, &text)?;
        }
        for (path, bodies) in self.lists(&mut problems).await {
            let text = if path == DEFINITIONS {
                contents::definitions(&bodies)
            } else {
                yaml::emit_documents(bodies.iter().map(|body| Known::default().masked(body)))
            };
            add(path, &text)?;
        }
        for some in self.containers(&live).chunks(LOGS) {
            for (path, text) in self.logs(some, &mut problems).await {
                add(&path, &text)?;
            }
        }
        add("left-out.txt", &lines(&problems))?;
        Ok(problems)
    }

    /// What would be in it.
    ///
    /// # Errors
    /// What is installed cannot be read.
    pub(super) async fn paths(&self) -> Result<Vec<String>, Failure> {
        let live = Snapshot::read(self.cluster, self.installed).await?;
        let fixed = [
            "README",
            "secrets.json",
            "inventory.json",
            "version.json",
            "status.txt",
            "status.json",
            "events.txt",
            "events.json",
            "nodes.yaml",
            "webhooks.yaml",
            "definitions.txt",
            "left-out.txt",
        ];
        let mut paths: Vec<String> = fixed.map(str::to_owned).to_vec();
        for part in &self.installed.components {
            let folder = format!("objects/{}", part.name);
            let there = part.entries.iter().filter(|e| live.objects.contains_key(&e.id));
            paths.extend(there.map(|entry| contents::path(&folder, &entry.id)));
        }
        paths.extend(live.pods.keys().map(|id| contents::path("pods", id)));
        paths.extend(self.containers(&live).iter().map(|(c, previous)| log_path(c, *previous)));
        Ok(paths)
    }

    /// Names and keys of the Secrets in our namespaces; their values are learnt.
    async fn secrets(&self, known: &mut Known, problems: &mut Problems) -> Vec<Value> {
        let kind = Kind::new("", "v1", "Secret");
        let mut namespaces = self.installed.namespaces();
        namespaces.insert(NAMESPACE.to_owned());
        let lists = namespaces.iter().map(|namespace| {
            let (kind, selection) = (&kind, Selection::within(Some(namespace)));
            async move { self.cluster.list(kind, &selection).await }
        });
        let mut found = Vec::new();
        for list in join_all(lists).await {
            if list.is_err() {
                problems.push(
                    "values of Secrets that could not be read are hidden by patterns only: look \
                     closely before you give the archive away"
                        .to_owned(),
                );
            }
            let secrets = left_out(list, problems).unwrap_or_default();
            found.extend(secrets.iter().map(|secret| known.masked(secret)));
        }
        found
    }

    /// Our objects as they are, masked. Of those that were read as metadata the whole is read now.
    async fn objects(
        &self,
        live: &Snapshot,
        known: &mut Known,
        problems: &mut Problems,
    ) -> Vec<(String, ObjectId, Value)> {
        let entries = self.installed.components.iter().flat_map(|part| &part.entries);
        let there: Vec<_> = entries.filter(|e| live.objects.contains_key(&e.id)).collect();
        let bodies = join_all(there.iter().map(|entry| async {
            // Definitions are long, and the same as in ksi itself.
            let is_short = entry.id.kind == "CustomResourceDefinition";
            match live.objects.get(&entry.id).filter(|body| is_short || !body["spec"].is_null()) {
                Some(body) => Ok(Some(body.clone())),
                None => self.cluster.get(&entry.id).await,
            }
        }))
        .await;
        let mut found = Vec::new();
        for (entry, body) in there.iter().zip(bodies) {
            if let Some(Some(body)) = left_out(body, problems) {
                found.push((entry.component.clone(), entry.id.clone(), known.masked(&body)));
            }
        }
        found
    }

    async fn overview(
        &self,
        live: &Snapshot,
        problems: &mut Problems,
    ) -> Vec<(&'static str, String)> {
        let mut texts = Vec::new();
        let version = left_out(self.cluster.read_path("/version").await, problems);
        let version = json!({
            "ksi": env!("CARGO_PKG_VERSION"), "kubesphere": KUBESPHERE_VERSION,
            "cluster": self.cluster.place(), "kubernetes": version,
            "time": status::timestamp(self.now),
        });
        texts.push(("version.json", format!("{version:#}\n")));
        if let Some(about) = left_out(About::read(self.cluster).await, problems) {
            let report = Report::new(self.installed, live, &about, self.now);
            let options = TableOptions { colour: false, width: 80 };
            let json = serde_json::to_value(&report).unwrap_or_default();
            texts.push(("status.json", format!("{json:#}\n")));
            texts.push(("status.txt", status::table(&report, self.now, options)));
        }
        let events = crate::cli::events::all(self.cluster, self.installed).await;
        if let Some(events) = left_out(events, problems) {
            texts.push(("events.txt", contents::events(&events)));
            let json = serde_json::to_value(&events).unwrap_or_default();
            texts.push(("events.json", format!("{json:#}\n")));
        }
        texts
    }

    /// What belongs to the cluster.
    async fn lists(&self, problems: &mut Problems) -> Vec<(&'static str, Vec<Value>)> {
        let hooks = |kind: &str| Kind::new("admissionregistration.k8s.io", "v1", kind);
        let definition = Kind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let all = Selection::default();
        let few = Selection::default().metadata();
        let wanted = [
            ("nodes.yaml", Kind::new("", "v1", "Node"), &all),
            ("webhooks.yaml", hooks("MutatingWebhookConfiguration"), &all),
            ("webhooks.yaml", hooks("ValidatingWebhookConfiguration"), &all),
            (DEFINITIONS, definition, &few),
        ];
        let lists = wanted.iter().map(|(_, kind, selection)| self.cluster.list(kind, selection));
        let mut files: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
        for ((path, ..), list) in wanted.iter().zip(join_all(lists).await) {
            files.entry(path).or_default().extend(left_out(list, problems).unwrap_or_default());
        }
        files.into_iter().collect()
    }

    /// The logs to read: of all pods in namespaces of ours, of our own elsewhere; before and since the
    /// last restart.
    fn containers(&self, live: &Snapshot) -> Vec<(Container, bool)> {
        let report = Report::new(self.installed, live, &About::default(), self.now);
        let healthy: BTreeSet<&str> = report
            .components
            .iter()
            .filter(|c| c.state == State::Healthy)
            .map(|c| c.name.as_str())
            .collect();
        let mut found = Vec::new();
        for part in &self.installed.components {
            let quick = self.quick && healthy.contains(part.name.as_str());
            let one = Installed { components: vec![part.clone()], ..self.installed.clone() };
            for pod in crate::cli::logs::select::pods_of(&one, live) {
                let has_trouble = !crate::health::troubles(pod).is_empty();
                if quick && !has_trouble {
                    continue;
                }
                for container in containers(pod).into_iter().filter(|c| c.has_log) {
                    if container.restarts > 0 {
                        found.push((container.clone(), true));
                    }
                    found.push((container, false));
                }
            }
        }
        // Pods of namespaces that are ours alone, which no workload of ours selects.
        let known: BTreeSet<String> = found.iter().map(|(c, _)| c.pod.clone()).collect();
        let others = live.pods.values().filter(|pod| {
            let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            !self.quick && !FOREIGN.contains(&namespace) && !known.contains(name)
        });
        let others = others.flat_map(containers).filter(|c| c.has_log);
        found.extend(others.map(|container| (container, false)));
        found
    }

    async fn logs(
        &self,
        wanted: &[(Container, bool)],
        problems: &mut Problems,
    ) -> Vec<(String, String)> {
        let logs = wanted.iter().map(|(container, previous)| async move {
            let options = LogOptions {
                container: Some(container.name.clone()),
                previous: *previous,
                since_seconds: Some(self.since.seconds()),
                timestamps: true,
                bytes: Some(LOG_BYTES),
                ..LogOptions::default()
            };
            self.cluster.log_lines(&container.namespace, &container.pod, &options).await
        });
        let logs = join_all(logs).await;
        let mut texts = Vec::new();
        for ((container, previous), log) in wanted.iter().zip(logs) {
            if let Some(read) = left_out(log, problems) {
                texts.push((log_path(container, *previous), lines(&read)));
            }
        }
        texts
    }
}

fn log_path(container: &Container, previous: bool) -> String {
    let Container { namespace, pod, name, .. } = container;
    let end = if previous { ".previous.log" } else { ".log" };
    format!("logs/{namespace}/{pod}/{name}{end}")
}

/// Each with its line end.
fn lines(texts: &[String]) -> String {
    texts.iter().flat_map(|text| [text.as_str(), "\n"]).collect()
}

/// What was read; what was not becomes a problem.
fn left_out<T>(read: Result<T, Error>, problems: &mut Problems) -> Option<T> {
    read.inspect_err(|error| problems.push(error.to_string())).ok()
}
