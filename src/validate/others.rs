//! What only components read that ksi does not install yet. A mistake there cannot break an installation, so it
//! is a warning: the same file has to work for those who install the component by other means.

use crate::diagnostic::{Diagnostic, Severity};
use crate::yaml::{Node, Path};

/// Sections of components that ksi does not install.
const SECTIONS: &[&str] = &[
    "alerting",
    "auditing",
    "common.es",
    "common.fluentbit",
    "common.minio",
    "common.monitoring",
    "common.openldap",
    "common.opensearch",
    "devops",
    "edgeruntime",
    "etcd",
    "events",
    "gatekeeper",
    "gitlab",
    "harbor",
    "logging",
    "monitoring",
    "notification",
    "openpitrix",
    "servicemesh",
];

/// Keys in these sections that go into kubesphere-config all the same, with everything below them.
const READ: &[&str] = &[
    "alerting.enabled",
    "auditing.enabled",
    "common.es.basicAuth",
    "common.es.elkPrefix",
    "common.es.enabled",
    "common.es.externalElasticsearchHost",
    "common.es.externalElasticsearchPort",
    "common.es.externalElasticsearchProtocol",
    "common.monitoring.GPUMonitoring",
    "common.monitoring.endpoint",
    "common.openldap.enabled",
    "common.opensearch.basicAuth",
    "common.opensearch.enabled",
    "common.opensearch.externalOpensearchHost",
    "common.opensearch.externalOpensearchPort",
    "common.opensearch.externalOpensearchProtocol",
    "common.opensearch.opensearchPrefix",
    "common.opensearch.protocol",
    "devops.enabled",
    "devops.sonarqube",
    "edgeruntime.enabled",
    "edgeruntime.kubeedge.enabled",
    "events.enabled",
    "logging.enabled",
    "openpitrix.store.enabled",
    "servicemesh.enabled",
];

/// Whether nothing that ksi installs reads a path, nor anything below it.
pub(super) fn concerns_only_others(path: &Path) -> bool {
    let is_below = |above: &str| path.0.starts_with(&Path::keys(above).0);
    let is_above = |below: &str| Path::keys(below).0.starts_with(&path.0);
    SECTIONS.iter().any(|section| is_below(section))
        && !READ.iter().any(|read| is_below(read) || is_above(read))
}

/// Makes a warning of an error about a value that only other components read.
pub(super) fn as_warning(diagnostic: Diagnostic, spec: &Node) -> Diagnostic {
    if diagnostic.severity == Severity::Warning {
        return diagnostic;
    }
    let mut concerns = false;
    spec.each(&Path::default(), &mut |path, node| {
        let here = |span| diagnostic.span.is_some() && span == diagnostic.span;
        concerns |= here(node.span) && concerns_only_others(path);
        concerns |= node
            .entries()
            .iter()
            .any(|entry| here(entry.key_span) && concerns_only_others(&path.key(&entry.key)));
    });
    if concerns { ignored(diagnostic) } else { diagnostic }
}

/// The warning that takes the place of an error.
pub(super) fn ignored(diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..diagnostic }
        .help("only a component that ksi does not install yet reads it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn every_path_exists() {
        for path in SECTIONS.iter().chain(READ) {
            let schema = config::subschema(config::plain_schema(), &Path::keys(path));
            assert!(schema.is_object(), "{path}");
        }
    }

    #[test]
    fn a_section_is_not_only_for_others_while_a_key_in_it_is_read() {
        for path in ["devops.jenkinsMemoryLim", "monitoring.prometheus", "common.minio.x"] {
            assert!(concerns_only_others(&Path::keys(path)), "{path}");
        }
        for path in ["devops", "devops.enabled", "devops.sonarqube.x", "common", "multicluster.x"] {
            assert!(!concerns_only_others(&Path::keys(path)), "{path}");
        }
    }
}
