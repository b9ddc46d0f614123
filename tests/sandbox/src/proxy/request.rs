//! What a request is about, told from its path.

/// The object or the list that a path names; empty where it names none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// Plural, with its subresource: `pods`, `pods/status`.
    pub(super) resource: String,
    pub(super) name: &'a str,
}

impl<'a> Target<'a> {
    pub(super) fn parse(path: &'a str) -> Self {
        let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
        let (["api", _version, rest @ ..] | ["apis", _, _version, rest @ ..]) = words.as_slice()
        else {
            return Self::default();
        };
        let rest = match rest {
            // These are of the namespace itself.
            ["namespaces", _, "status" | "finalize"] => rest,
            ["namespaces", _namespace, inner @ ..] if !inner.is_empty() => inner,
            _ => rest,
        };
        let [resource, name, subresource @ ..] = rest else {
            let resource = rest.first().copied().unwrap_or_default().to_owned();
            return Self { resource, name: "" };
        };
        let resource = match subresource.first() {
            Some(subresource) => format!("{resource}/{subresource}"),
            None => (*resource).to_owned(),
        };
        Self { resource, name }
    }
}

/// Whether a request asks to change nothing: a dry run.
pub(super) fn is_dry_run(query: &str) -> bool {
    query.split('&').any(|pair| pair == "dryRun=All")
}

/// Whether a request changes the cluster if it is no dry run. Asking who may do what is a POST too,
/// but leaves nothing.
pub(super) fn is_write(method: &str, path: &str) -> bool {
    let review = ["/apis/authorization.k8s.io/", "/apis/authentication.k8s.io/"];
    ["POST", "PUT", "PATCH", "DELETE"].contains(&method)
        && !review.iter().any(|prefix| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, resource, name) in [
            ("/healthz", "", ""),
            ("/api/v1/namespaces", "namespaces", ""),
            ("/api/v1/namespaces/a", "namespaces", "a"),
            ("/api/v1/namespaces/a/finalize", "namespaces/finalize", "a"),
            ("/api/v1/namespaces/a/pods", "pods", ""),
            ("/api/v1/namespaces/a/pods/b/log", "pods/log", "b"),
            ("/apis/apps/v1/deployments", "deployments", ""),
            ("/apis/apps/v1/namespaces/a/deployments/b", "deployments", "b"),
            ("/apis/rbac.authorization.k8s.io/v1/clusterroles/c", "clusterroles", "c"),
            ("/apis/apps/v1", "", ""),
        ] {
            assert_eq!(Target::parse(path), Target { resource: resource.into(), name }, "{path}");
        }
    }

    #[test]
    fn writes() {
        assert!(is_write("PATCH", "/api/v1/namespaces/a"));
        assert!(is_write("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles"));
        assert!(!is_write("GET", "/api/v1/namespaces/a"));
        assert!(!is_write("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"));
        assert!(is_dry_run("force=true&dryRun=All"));
        assert!(!is_dry_run("fieldManager=dryRun"));
    }
}
