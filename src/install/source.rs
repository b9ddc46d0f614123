//! What a configuration is read from.

use std::fmt;

use serde_json::Value;

use super::facts::FactOverrides;
use super::prepared::Draft;
use crate::config::{self, Input, Request};
use crate::diagnostic::Diagnostic;

/// What a configuration is read from: bytes that the caller read, and what it set on top.
#[derive(Clone, Default)]
pub struct Source {
    /// The inputs in order: later wins per key.
    pub inputs: Vec<Input>,
    /// Inputs that could not be read, and why.
    pub unreadable: Vec<Diagnostic>,
    /// `path=value` settings, on top of all inputs.
    pub sets: Vec<String>,
    /// What the caller says about the cluster.
    pub facts: FactOverrides,
    /// Unknown keys are warnings.
    pub allow_unknown: bool,
    /// The configured jwtSecret is in use already: by the host whose member this is.
    pub jwt_secret_in_use: bool,
}

/// Without values, which may be secret.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("inputs", &self.inputs).finish_non_exhaustive()
    }
}

impl Source {
    /// The ClusterConfiguration of a cluster. It may hold keys of other versions.
    pub fn of_cluster(object: &Value) -> Self {
        let name = "ClusterConfiguration ks-installer".to_owned();
        let bytes = object.to_string().into_bytes();
        Self { inputs: vec![Input { name, bytes }], allow_unknown: true, ..Self::default() }
    }

    /// The same on top of other inputs.
    #[must_use]
    pub fn on_top_of(mut self, mut inputs: Vec<Input>) -> Self {
        inputs.append(&mut self.inputs);
        Self { inputs, ..self }
    }

    /// Parses the inputs and lays them over one another. Never fails: what is wrong shows when the draft
    /// is checked.
    pub fn load(self) -> Draft {
        let Self { inputs, unreadable, sets, facts, allow_unknown, jwt_secret_in_use } = self;
        let mut loaded = config::load(Request { inputs, sets });
        loaded.diagnostics.extend(unreadable);
        Draft { loaded, facts, allow_unknown, jwt_secret_in_use }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_for_developers_has_no_value_in_it() {
        let text = "apiVersion: installer.kubesphere.io/v1alpha1\nkind: ClusterConfiguration\n\
                    spec: {authentication: {jwtSecret: hunter2-hunter2}}\n";
        let source = Source {
            inputs: vec![Input { name: "a.yaml".into(), bytes: text.into() }],
            sets: vec!["authentication.adminPassword=hunter3".into()],
            ..Source::default()
        };
        let draft = source.clone().load();
        let shown = format!("{source:?} {draft:?}");
        let shown = format!("{shown} {:?}", draft.check());
        assert!(shown.contains("a.yaml") && !shown.contains("hunter"), "{shown}");
    }
}
