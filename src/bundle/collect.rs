//! Reads what goes into an archive.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::archive::Archive;
use super::collector::{Collector, Missing};
use super::contents::{self, FILES, README};
use super::error::Error;
use super::logs::{LOGS, Log};
use super::secrets::Known;
use crate::cluster::{Kind, Selection};
use crate::config::KUBESPHERE_VERSION;
use crate::object::ObjectId;
use crate::status::{
    About, EventQuery, NAMESPACE, Report, Snapshot, TableOptions, table, timestamp,
};

/// How the state is written to a file.
const PLAIN: TableOptions = TableOptions { colour: false, width: 80 };
/// The one list that is not YAML.
const DEFINITIONS: &str = "definitions.txt";

/// What stands in a file.
enum Content {
    Text(String),
    Json(Value),
}

impl Collector<'_> {
    /// Fills the archive. Returns what could not be read.
    ///
    /// # Errors
    /// The archive cannot be written, or what is installed cannot be read at all.
    pub(super) async fn collect(&self, archive: &mut Archive) -> Result<Vec<String>, Error> {
        let mut missing = Missing::default();
        let mut known = Known::default();
        let live = Snapshot::read(self.cluster, &self.installed).await?;
        // Values first: whatever comes then is written without them.
        let secrets = self.secrets(&mut known, &mut missing).await;
        let objects = self.objects(&live, &mut known, &mut missing).await;
        let pods: Vec<(ObjectId, Value)> =
            live.pods.iter().map(|(id, body)| (id.clone(), known.masked(body))).collect();
        archive.knows(known.scrubber());
        archive.add("README", README)?;
        archive.add_json("secrets.json", Value::from(secrets))?;
        archive.add_json("inventory.json", contents::inventory(&self.installed))?;
        for (component, id, body) in objects {
            let path = contents::path(&format!("objects/{component}"), &id);
            archive.add_yaml(&path, vec![body])?;
        }
        for (id, body) in pods {
            archive.add_yaml(&contents::path("pods", &id), vec![body])?;
        }
        for (path, content) in self.overview(&live, &mut missing).await {
            match content {
                Content::Text(text) => archive.add(path, &text)?,
                Content::Json(value) => archive.add_json(path, value)?,
            }
        }
        for (path, bodies) in self.lists(&mut missing).await {
            if path == DEFINITIONS {
                archive.add(path, &contents::definitions(&bodies))?;
            } else {
                let masked = bodies.iter().map(|body| Known::default().masked(body));
                archive.add_yaml(path, masked.collect())?;
            }
        }
        for some in self.wanted_logs(&live).chunks(LOGS) {
            for (path, text) in self.read_logs(some, &mut missing).await {
                archive.add(&path, &text)?;
            }
        }
        archive.add("left-out.txt", &contents::lines(&missing.0))?;
        Ok(missing.0)
    }

    /// What would be in it.
    ///
    /// # Errors
    /// What is installed cannot be read.
    pub(super) async fn paths(&self) -> Result<Vec<String>, Error> {
        let live = Snapshot::read(self.cluster, &self.installed).await?;
        let mut paths: Vec<String> = FILES.map(str::to_owned).to_vec();
        for part in &self.installed.components {
            let folder = format!("objects/{}", part.name);
            let there = part.entries.iter().filter(|e| live.objects.contains_key(&e.id));
            paths.extend(there.map(|entry| contents::path(&folder, &entry.id)));
        }
        paths.extend(live.pods.keys().map(|id| contents::path("pods", id)));
        paths.extend(self.wanted_logs(&live).iter().map(Log::path));
        Ok(paths)
    }

    /// Names and keys of the Secrets in our namespaces; their values are learnt.
    async fn secrets(&self, known: &mut Known, missing: &mut Missing) -> Vec<Value> {
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
                missing.0.push(
                    "values of Secrets that could not be read are hidden only if they look like secrets: \
                     review the archive before you share it"
                        .to_owned(),
                );
            }
            let secrets = missing.unless(list).unwrap_or_default();
            found.extend(secrets.iter().map(|secret| known.masked(secret)));
        }
        found
    }

    /// Our objects as they are, masked. Of those that were read as metadata the whole is read now.
    async fn objects(
        &self,
        live: &Snapshot,
        known: &mut Known,
        missing: &mut Missing,
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
            if let Some(Some(body)) = missing.unless(body) {
                found.push((entry.component.clone(), entry.id.clone(), known.masked(&body)));
            }
        }
        found
    }

    async fn overview(
        &self,
        live: &Snapshot,
        missing: &mut Missing,
    ) -> Vec<(&'static str, Content)> {
        let mut texts = Vec::new();
        let version = missing.unless(self.cluster.read_path("/version").await);
        let version = json!({
            "ksi": env!("CARGO_PKG_VERSION"), "kubesphere": KUBESPHERE_VERSION,
            "cluster": self.cluster.place(), "kubernetes": version,
            "time": timestamp(self.now),
        });
        texts.push(("version.json", Content::Json(version)));
        if let Some(about) = missing.unless(About::read(self.cluster).await) {
            let report = Report::new(&self.installed, live, &about, self.now);
            let json = serde_json::to_value(&report).unwrap_or_default();
            texts.push(("status.json", Content::Json(json)));
            texts.push(("status.txt", Content::Text(table(&report, self.now, PLAIN))));
        }
        let events = EventQuery::default().read_of(self.cluster, self.installed.clone()).await;
        if let Some(events) = missing.unless(events) {
            texts.push(("events.txt", Content::Text(contents::events(&events))));
            let json = serde_json::to_value(&events).unwrap_or_default();
            texts.push(("events.json", Content::Json(json)));
        }
        texts
    }

    /// What belongs to the cluster.
    async fn lists(&self, missing: &mut Missing) -> Vec<(&'static str, Vec<Value>)> {
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
            files.entry(path).or_default().extend(missing.unless(list).unwrap_or_default());
        }
        files.into_iter().collect()
    }
}
