//! Which values of a spec nobody may print.

use serde_json::Value;

use super::shape;
use crate::diagnostic::is_secret_name;
use crate::yaml::{Path, Step};

/// Whether the value at a path below `spec` is secret: the schema says so, or the schema does not
/// know the key (inside a free-form mapping, an old or a misspelt key) and it has a secret name.
pub fn is_sensitive(path: &Path) -> bool {
    let mut known = Some(shape::spec());
    for step in &path.0 {
        known = known.and_then(|schema| shape::step(schema, step));
        match (known, step) {
            (Some(schema), _) if schema.get("x-sensitive").is_some() => return true,
            (None, Step::Key(key)) if is_secret_name(key) => return true,
            _ => {}
        }
    }
    false
}

/// The paths of all secrets that the schema knows, in the order of the schema.
pub fn sensitive_paths() -> Vec<Path> {
    let mut found = Vec::new();
    gather(shape::spec(), &Path::default(), &mut found);
    found
}

fn gather(schema: &Value, path: &Path, found: &mut Vec<Path>) {
    if schema.get("x-sensitive").is_some() {
        found.push(path.clone());
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        gather(inner, &path.key(key), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_these() {
        let paths: Vec<_> = sensitive_paths().iter().map(Path::to_string).collect();
        assert_eq!(
            paths,
            [
                "authentication.jwtSecret",
                "authentication.adminPassword",
                "common.s3.accessKeyID",
                "common.s3.secretAccessKey",
                "common.es.basicAuth.password",
                "common.opensearch.basicAuth.password",
                "common.mysqlPassword",
                "devops.sonarqube.externalSonarToken",
            ]
        );
        assert!(sensitive_paths().iter().all(is_sensitive));
    }

    #[test]
    fn what_is_below_a_secret_and_what_has_the_name_of_one_is_secret() {
        let providers = Path::keys("authentication.oauthOptions.identityProviders").index(0);
        for path in [
            Path::keys("authentication.jwtSecret.value"),
            providers.key("provider").key("clientSecret"),
            providers.key("provider").key("apiKey"),
            providers.key("provider").key("accessKeyID"),
            providers.key("provider").key("kubeconfig"),
            providers.key("provider").key("privateKeyPem"),
            Path::keys("authentication.jwtsecret"),
        ] {
            assert!(is_sensitive(&path), "{path}");
        }
        for path in [
            "",
            "authentication",
            "authentication.oauthOptions.accessTokenMaxAge",
            "authentication.jwtSecretRef.name",
            "images.pullSecrets",
            "multicluster.tower.ca.secretName",
            "multicluster.clusterRole",
        ] {
            assert!(!is_sensitive(&Path::keys(path)), "{path}");
        }
    }
}
