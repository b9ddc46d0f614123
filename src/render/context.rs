//! The variables of templates.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Serde, Value};
use minijinja::{Error, ErrorKind};
use serde::Serialize;
use serde_json::json;

use super::catalogue::Component;
use super::config_checksum::config_checksum;
use super::image::Images;
use super::kubesphere_config::KubesphereConfig;
use super::placement::{Spec, placement};
use super::slots::Slots;
use super::{Input, uses_redis};
use crate::config::Configuration;
use crate::facts::{Facts, KubernetesVersion};
use crate::values::{Certificate, Values};

/// The variables of one rendering.
#[derive(Debug, Clone)]
pub(super) struct Context {
    variables: BTreeMap<&'static str, Value>,
}

impl Context {
    /// The variables of all templates.
    pub(super) fn new(input: &Input<'_>, images: &Images) -> Self {
        let spec = serde_json::to_value(input.configuration).unwrap_or_default();
        let config = KubesphereConfig::new(input.configuration, input.values, images);
        let mut context = Self::plain(input.configuration, input.facts);
        context.set("version", Value::from(input.version));
        context.set("values", serialized(secrets(input.values)));
        let document = serde_json::to_value(&config).unwrap_or_default();
        let checksum = config_checksum(&document, &input.values.jwt_secret.text);
        context.set("configChecksum", Value::from(checksum));
        context.set("kubesphereConfig", serialized(config));
        context.set("image", image_function(images.clone()));
        context.set("pullPolicy", pull_policy_function(images.clone()));
        context.set("placement", placement_function(spec, input.facts.kubernetes));
        context.set("pullSecrets", pull_secrets(input.configuration));
        context
    }

    /// The variables of `enabledWhen`.
    pub(super) fn plain(configuration: &Configuration, facts: &Facts) -> Self {
        let mut context = Self { variables: BTreeMap::new() };
        context.set("spec", serialized(configuration));
        context.set("role", Value::from(configuration.role().to_string()));
        context.set("facts", serialized(facts));
        context.set("redis", Value::from(uses_redis(configuration)));
        context.set("replicas", serialized(replicas(configuration, facts)));
        context
    }

    /// Sets the names of the CRDs that are rendered in this run.
    pub(super) fn set_crds(&mut self, enabled: &[&Component]) {
        let tables = enabled.iter().flat_map(|component| &component.templates);
        let tables = tables.filter(|template| template.path.ends_with("-crds.yaml.j2"));
        let names: Vec<&str> = tables
            .flat_map(|template| template.rows.iter().flatten())
            .filter_map(|row| row["name"].as_str())
            .collect();
        self.set("crds", serialized(names));
    }

    /// All variables as one value: the shared ones, those of this template, and the slots.
    pub(super) fn value(&self, own: &[(&'static str, Value)], slots: &Arc<Slots>) -> Value {
        let variables = self.variables.iter().map(|(name, value)| (*name, value.clone()));
        let own = own.iter().cloned().chain([(Slots::NAME, Slots::variable(slots))]);
        Value::from_pairs(variables.chain(own))
    }

    fn set(&mut self, name: &'static str, value: Value) {
        self.variables.insert(name, value);
    }
}

/// The numbers of replicas.
fn replicas(configuration: &Configuration, facts: &Facts) -> serde_json::Value {
    let masters = facts.control_plane_nodes.max(1);
    let available = if configuration.enable_ha { masters.max(3) } else { masters };
    let kubefed = configuration.multicluster.kubefed.replicas;
    json!({
        // Without Redis its token cache is in memory: two replicas would return 401 at random.
        "apiserver": if uses_redis(configuration) { available } else { 1 },
        "stateless": available,
        "kubefed": kubefed.unwrap_or(if facts.nodes < 3 { 1 } else { 2 }),
    })
}

/// `imagePullSecrets` of a pod. The list is atomic, so none is written when none is configured.
fn pull_secrets(configuration: &Configuration) -> Value {
    let names = &configuration.images.pull_secrets;
    if names.is_empty() {
        return Value::from(());
    }
    serialized(names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>())
}

fn secrets(values: &Values) -> serde_json::Value {
    let pair = |c: &Certificate| json!({"certificate": c.certificate, "key": c.key});
    json!({
        "jwtSecret": values.jwt_secret.text,
        "staticToken": values.static_token.text,
        "adminPassword": values.admin_password.text,
        "adminPasswordHash": values.admin_password_hash.text,
        "redisPassword": values.redis_password.text,
        "towerCa": pair(&values.tower_ca),
        // Its key signs the serving certificates when they are resolved; no manifest contains it.
        "webhookCa": {"certificate": values.webhook_ca.certificate},
        "controllerManagerWebhook": pair(&values.controller_manager_webhook),
        "kubefedWebhook": pair(&values.kubefed_webhook),
    })
}

fn image_function(images: Images) -> Value {
    Value::from_function(move |name: &str| {
        images.reference(name).ok_or_else(|| unknown_image(name))
    })
}

fn pull_policy_function(images: Images) -> Value {
    Value::from_function(move |name: &str| images.pull_policy(name))
}

fn unknown_image(name: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("no image `{name}` in this version"))
}

/// `placement(["common.redis"], {"app": "redis"})`: sections from the nearest, then the pods' labels.
fn placement_function(spec: serde_json::Value, kubernetes: KubernetesVersion) -> Value {
    Value::from_function(move |sections: Vec<String>, labels: Serde<serde_json::Value>| {
        serialized(placement(Spec(&spec), kubernetes, &sections, &labels.0))
    })
}

/// A value as templates see it.
pub(super) fn serialized(value: impl Serialize) -> Value {
    Value::from(Serde(value))
}
