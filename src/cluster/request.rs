//! Requests of the Kubernetes API: paths, queries, content types.

use std::fmt::Write as _;

use http::{Method, Request};
use kube::client::Body;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde_json::Value;

use super::kind::Resource;

/// The content type of server-side apply. JSON is YAML.
pub(super) const APPLY: &str = "application/apply-patch+yaml";
/// The content type of a merge patch.
pub(super) const MERGE: &str = "application/merge-patch+json";
/// All but the unreserved characters of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Only `metadata` of each item.
const METADATA_ONLY: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// Which objects of a kind to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only in this namespace.
    pub namespace: Option<String>,
    /// Only with these labels, as `kubectl -l` takes them.
    pub labels: Option<String>,
    /// Only with these fields, as `kubectl --field-selector` takes them.
    pub fields: Option<String>,
    /// Only their metadata.
    pub metadata_only: bool,
}

impl Selection {
    /// Everything in one namespace, or everywhere.
    pub fn within(namespace: Option<&str>) -> Self {
        Self { namespace: namespace.map(str::to_owned), ..Self::default() }
    }

    /// The object of this name.
    pub fn named(namespace: Option<&str>, name: &str) -> Self {
        Self::within(namespace).with_fields(format!("metadata.name={name}"))
    }

    /// The same with only the metadata.
    #[must_use]
    pub fn metadata(self) -> Self {
        Self { metadata_only: true, ..self }
    }

    /// The same with a label selector.
    #[must_use]
    pub fn labelled(self, labels: impl Into<String>) -> Self {
        Self { labels: Some(labels.into()), ..self }
    }

    /// The same with a field selector.
    #[must_use]
    pub fn with_fields(self, fields: impl Into<String>) -> Self {
        Self { fields: Some(fields.into()), ..self }
    }
}

/// A request that can be sent again: a `Request` cannot be cloned with its body.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) content_type: &'static str,
    pub(super) accept: &'static str,
    pub(super) body: Vec<u8>,
    /// A header that only this request has. Its value may be a token.
    pub(super) header: Option<(&'static str, String)>,
    /// The action, for errors: `read`, `apply`, `delete`.
    pub(super) action: &'static str,
    /// The object or list, for errors.
    pub(super) place: String,
    /// Whether it is a write, which needs the lock if there is one.
    pub(super) is_write: bool,
    /// Whether it is a dry run of a write.
    pub(super) is_dry_run: bool,
}

impl Call {
    pub(super) fn new(method: Method, path: String, action: &'static str, place: String) -> Self {
        let (content_type, accept) = ("application/json", "application/json");
        let (body, header, is_write, is_dry_run) = (Vec::new(), None, false, false);
        Self {
            method,
            path,
            content_type,
            accept,
            body,
            header,
            action,
            place,
            is_write,
            is_dry_run,
        }
    }

    /// A write, or a dry run of one.
    pub(super) fn changing(self, is_dry_run: bool) -> Self {
        Self { is_write: !is_dry_run, is_dry_run, ..self }
    }

    pub(super) fn with_body(self, content_type: &'static str, body: &Value) -> Self {
        Self { content_type, body: body.to_string().into_bytes(), ..self }
    }

    pub(super) fn with_header(self, name: &'static str, value: &str) -> Self {
        Self { header: Some((name, value.to_owned())), ..self }
    }

    pub(super) fn metadata_only(self, metadata_only: bool) -> Self {
        if metadata_only { Self { accept: METADATA_ONLY, ..self } } else { self }
    }

    /// The request; `None` if the path is invalid.
    pub(super) fn request(&self) -> Option<Request<Body>> {
        let mut request = Request::builder().method(self.method.clone()).uri(&self.path);
        if let Some((name, value)) = &self.header {
            request = request.header(*name, value);
        }
        request
            .header(http::header::CONTENT_TYPE, self.content_type)
            .header(http::header::ACCEPT, self.accept)
            .header(http::header::USER_AGENT, concat!("ksi/", env!("CARGO_PKG_VERSION")))
            .body(Body::from(self.body.clone()))
            .ok()
    }
}

/// The path of all objects of a kind, in one namespace or everywhere.
pub(super) fn collection(resource: &Resource, namespace: Option<&str>) -> String {
    let mut path = match resource.kind.group.as_str() {
        "" => format!("/api/{}", resource.kind.version),
        group => format!("/apis/{group}/{}", resource.kind.version),
    };
    if let Some(namespace) = namespace.filter(|_| resource.namespaced) {
        let _ = write!(path, "/namespaces/{}", escaped(namespace));
    }
    let _ = write!(path, "/{}", resource.plural);
    path
}

/// The path of one object.
pub(super) fn object(resource: &Resource, namespace: Option<&str>, name: &str) -> String {
    format!("{}/{}", collection(resource, namespace), escaped(name))
}

/// A path with its query; parameters without a value are omitted.
pub(super) fn with_query(path: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let given = parameters.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    let query: Vec<String> =
        given.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// Percent-encoded as a part of a path or of a query.
fn escaped(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, ESCAPED)
}

#[cfg(test)]
mod tests {
    use super::super::kind::Kind;
    use super::*;

    fn resource(group: &str, plural: &str, namespaced: bool) -> Resource {
        let kind = Kind { group: group.into(), version: "v1".into(), kind: "X".into() };
        Resource { kind, plural: plural.into(), namespaced, deletable: true }
    }

    #[test]
    fn paths_follow_the_api() {
        let deployments = resource("apps", "deployments", true);
        assert_eq!(
            object(&deployments, Some("a"), "b"),
            "/apis/apps/v1/namespaces/a/deployments/b"
        );
        assert_eq!(collection(&deployments, None), "/apis/apps/v1/deployments");
        let nodes = resource("", "nodes", false);
        assert_eq!(object(&nodes, None, "n"), "/api/v1/nodes/n");
        let roles = resource("rbac.authorization.k8s.io", "clusterroles", false);
        assert!(
            object(&roles, None, "system:a/../b").ends_with("/clusterroles/system%3Aa%2F..%2Fb")
        );
    }

    #[test]
    fn queries_are_escaped() {
        let query = with_query("/a", &[("labelSelector", Some("a=b,c in (d)")), ("limit", None)]);
        assert_eq!(query, "/a?labelSelector=a%3Db%2Cc%20in%20%28d%29");
        assert_eq!(with_query("/a", &[("x", None)]), "/a");
    }
}
