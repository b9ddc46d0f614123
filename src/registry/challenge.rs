//! What a registry asks for in `WWW-Authenticate`.

/// How a registry wants its clients to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// With user and password in each request.
    Basic,
    /// With a token that another server gives out.
    Bearer {
        /// The address of that server.
        realm: String,
        /// The name under which it knows the registry.
        service: Option<String>,
        /// What the token has to allow, as the registry says it.
        scope: Option<String>,
        /// Why the last token was not enough.
        error: Option<String>,
    },
}

impl Challenge {
    /// Reads the header's values; Bearer is preferred.
    pub(super) fn parse<'h>(headers: impl IntoIterator<Item = &'h str>) -> Option<Self> {
        let mut basic = None;
        for header in headers {
            let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
            if scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Self::Basic);
            } else if scheme.eq_ignore_ascii_case("bearer") {
                let parameters = parameters(rest);
                let get = |name: &str| {
                    let found = parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                    found.map(|(_, value)| value.clone())
                };
                if let Some(realm) = get("realm") {
                    let (service, scope, error) = (get("service"), get("scope"), get("error"));
                    return Some(Self::Bearer { realm, service, scope, error });
                }
            }
        }
        basic
    }
}

/// `key="value",key=value`: values may contain commas, and quotes after a backslash.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.trim_matches([',', ' ', '\t']).to_owned();
        let (value, after) = if let Some(quoted) = after.strip_prefix('"') {
            quoted_value(quoted)
        } else {
            let end = after.find(',').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        };
        found.push((key, value));
        rest = after;
    }
    found
}

/// The text up to the closing quote, and what follows.
fn quoted_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_of_real_registries() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push",error="insufficient_scope""#;
        let expected = Challenge::Bearer {
            realm: "https://auth.docker.io/token".into(),
            service: Some("registry.docker.io".into()),
            scope: Some("repository:a/b:pull,push".into()),
            error: Some("insufficient_scope".into()),
        };
        assert_eq!(Challenge::parse([hub]), Some(expected.clone()));
        assert_eq!(Challenge::parse(["Basic realm=\"Registry\"", hub]), Some(expected));
        assert_eq!(Challenge::parse(["basic realm=x"]), Some(Challenge::Basic));
        let bare = Challenge::parse([r#"bearer Realm="https://a/\"b", service=c"#]);
        let Some(Challenge::Bearer { realm, service, .. }) = bare else { panic!() };
        assert_eq!((realm.as_str(), service.as_deref()), ("https://a/\"b", Some("c")));
        for wrong in ["", "Bearer", "Bearer service=\"a\"", "Negotiate", "Bearer realm"] {
            assert_eq!(Challenge::parse([wrong]), None, "{wrong}");
        }
    }
}
