//! What only the status of an old ClusterConfiguration says. On an upgrade ks-installer reads there whether
//! it installed Elasticsearch, Redis and OpenLDAP, and switches them on in `spec`
//! (controller/installRunner.py, `generate_new_cluster_configuration`). The rest of the status only says
//! what it does not install again.

use serde_json::Value;

use super::overlay::put;
use crate::diagnostic::{Code, Diagnostic};
use crate::yaml::{Content, Node, Path};

/// A part that ks-installer notes in the status.
struct Part {
    status: &'static str,
    switch: &'static str,
    name: &'static str,
    /// Values that say where the part is, so that the switch decides nothing.
    elsewhere: &'static [&'static str],
}

const PARTS: &[Part] = &[
    Part {
        status: "es.status",
        switch: "common.es.enabled",
        name: "Elasticsearch",
        elsewhere: &[
            "common.es.externalElasticsearchHost",
            "common.opensearch.externalOpensearchHost",
        ],
    },
    Part {
        status: "redis.status",
        switch: "common.redis.enabled",
        name: "Redis",
        elsewhere: &["enableHA"],
    },
    Part {
        status: "openldap.status",
        switch: "common.openldap.enabled",
        name: "OpenLDAP",
        elsewhere: &[],
    },
];

/// Switches on what is installed according to the status and not mentioned in the specification, and tells
/// of what is switched off there.
pub(super) fn complete(spec: &mut Node, status: &Node, found: &mut Vec<Diagnostic>) {
    for part in PARTS {
        let Some(noted) = status.at(&Path::keys(part.status)) else { continue };
        let is_set = |path: &&str| {
            spec.at(&Path::keys(path)).is_some_and(|n| {
                !n.is_null() && n.as_str() != Some("") && n.to_json() != Value::Bool(false)
            })
        };
        if noted.as_str() != Some("enabled") || part.elsewhere.iter().any(is_set) {
            continue;
        }
        let Part { status, switch, name, .. } = part;
        let path = Path::keys(switch);
        let installed = format!("ks-installer has installed {name} (status.{status}: enabled)");
        match spec.at(&path).filter(|n| !n.is_null()) {
            None => {
                found.push(
                    Diagnostic::warning(
                        Code::FromStatus,
                        format!("{installed}: read as `{switch}: true`"),
                    )
                    .at(noted.span)
                    .help(format!("write `{switch}` into the configuration, true or false")),
                );
                let on = Content::Scalar(Value::Bool(true));
                put(spec, &path.0, noted.span, Node { content: on, span: noted.span });
            }
            Some(given) if given.to_json() == Value::Bool(false) => {
                found.push(
                    Diagnostic::warning(
                        Code::FromStatus,
                        format!("`{switch}` is false, but {installed}"),
                    )
                    .at(given.span)
                    .help("KubeSphere will no longer use it; set it to true to keep it"),
                );
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn completed(spec: Value, status: Value) -> (Value, Vec<String>) {
        let mut node = Node::from_json(spec);
        let mut found = Vec::new();
        complete(&mut node, &Node::from_json(status), &mut found);
        (node.to_json(), found.into_iter().map(|d| d.message).collect())
    }

    #[test]
    fn what_is_installed_stays_in_use() {
        let on = json!({"status": "enabled", "enabledTime": "2022-01-01T00:00:00CST"});
        let status = json!({"es": on, "redis": on, "openldap": on, "minio": on, "logging": on});
        let (spec, messages) = completed(json!({}), status.clone());
        let parts = json!({"es": {"enabled": true}, "redis": {"enabled": true}, "openldap": {"enabled": true}});
        assert_eq!(spec, json!({"common": parts}));
        assert_eq!(messages.len(), 3);
        assert!(messages[0].contains("read as `common.es.enabled: true`"), "{messages:?}");
        // What is said already is not said again.
        assert_eq!(completed(spec.clone(), status), (spec, vec![]));
    }

    #[test]
    fn what_is_switched_off_is_told_and_stays_off() {
        let spec = json!({"common": {"redis": {"enabled": false}}});
        let (after, messages) = completed(spec.clone(), json!({"redis": {"status": "enabled"}}));
        assert_eq!(after, spec);
        assert!(messages[0].contains("is false, but"), "{messages:?}");
    }

    #[test]
    fn an_external_server_needs_no_switch() {
        let spec = json!({"common": {"es": {"externalElasticsearchHost": "es.example"}}});
        let status = json!({"es": {"status": "enabled"}, "redis": {"status": "disabled"}});
        assert_eq!(completed(spec.clone(), status), (spec, vec![]));
    }
}
