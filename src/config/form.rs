//! The formats of small values, as Kubernetes, Go and registries define them.

use std::net::IpAddr;

/// A DNS label (RFC 1123): names of clusters and namespaces.
pub fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text.len() <= 63 && ends_alphanumeric(text) && text.bytes().all(inner)
}

/// A DNS subdomain: names of most objects.
pub fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// A label's name, with an optional DNS prefix: `node-role.kubernetes.io/master`.
pub fn is_qualified_name(text: &str) -> bool {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    prefix.is_none_or(is_subdomain) && !name.is_empty() && is_label_value(name)
}

/// A label's value; may be empty.
pub fn is_label_value(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    text.is_empty()
        || (text.len() <= 63
            && text.bytes().all(inner)
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.ends_with(|c: char| c.is_ascii_alphanumeric()))
}

/// A registry host with optional port and path.
pub fn is_registry(text: &str) -> bool {
    let mut parts = text.split('/');
    let host = parts.next().unwrap_or_default();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let name_ok = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_[]:".contains(&b));
    name_ok
        && port.is_none_or(|p| p.parse::<u16>().is_ok_and(|p| p > 0))
        && parts.all(is_repository_part)
}

/// One part of a repository's path.
pub fn is_repository_part(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    ends_alphanumeric(text) && text.bytes().all(inner)
}

/// An image reference: `[registry/]path[:tag][@digest]`.
pub fn is_image(text: &str) -> bool {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    let (path, tag) = match name.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (name, None),
    };
    let tag_ok = |tag: &str| {
        !tag.is_empty()
            && tag.len() <= 128
            && !tag.starts_with(['.', '-'])
            && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let path_ok = match path.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            is_registry(first) && rest.split('/').all(is_repository_part)
        }
        _ => path.split('/').all(is_repository_part),
    };
    digest.is_none_or(is_digest) && tag.is_none_or(tag_ok) && path_ok
}

/// `sha256:` and 64 hexadecimal digits.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// Whether a text is a bcrypt hash: `$2a$10$` and 53 letters of salt and digest. The
/// versions are those that KubeSphere takes.
pub fn is_bcrypt_hash(text: &str) -> bool {
    let Some((version, rest)) = text.strip_prefix("$2").and_then(|t| t.split_once('$')) else {
        return false;
    };
    let Some((cost, digest)) = rest.split_once('$') else {
        return false;
    };
    matches!(version, "a" | "b" | "y")
        && cost.len() == 2
        && cost.parse::<u32>().is_ok_and(|cost| (4..=31).contains(&cost))
        && digest.len() == 53
        && digest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'/')
}

/// An address range: `10.0.0.0/8`.
pub fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else {
        return false;
    };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|l| l <= most)
}

fn ends_alphanumeric(text: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(good) && text.ends_with(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert!(is_label("member-1") && !is_label("Member1") && !is_label("-a") && !is_label(""));
        assert!(is_subdomain("a.b-c") && !is_subdomain("a..b"));
        assert!(is_qualified_name("node-role.kubernetes.io/master") && !is_qualified_name("/x"));
        assert!(
            is_registry("10.0.0.1:5000/mirror") && !is_registry("http://x") && !is_registry("x:0")
        );
        assert!(is_image("kubesphere/tower:v0.2.1") && !is_image("r.local:5000/a/b@sha256:"));
        assert!(!is_image("Kube/Tower") && !is_image("tower:") && is_image("alpine"));
        assert!(
            is_cidr("10.0.0.0/8")
                && is_cidr("fd00::/8")
                && !is_cidr("10.0.0.1")
                && !is_cidr("10.0.0.0/33")
        );
    }
}
