//! Credentials for registries: of a docker config file, of a pull Secret, or given.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::error::{Error, ErrorKind};
use super::reference::Repository;

/// How to log in to a registry.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    /// A user and a password, or a token in place of it.
    Password(String, String),
    /// A token with which tokens are asked for (`identitytoken`).
    Identity(String),
    /// A token for the registry itself (`registrytoken`).
    Token(String),
}

/// Credentials for any number of registries. `Debug` shows no secrets.
#[derive(Clone, Default)]
pub struct Credentials {
    entries: Vec<Entry>,
    /// Which program keeps the credentials of a registry, or those of all others.
    helpers: Vec<(Option<String>, String)>,
}

#[derive(Clone)]
struct Entry {
    /// A host, which may contain `*` for a part of it, and a path; `None` for every registry.
    key: Option<String>,
    login: Login,
}

impl Credentials {
    /// A user and a password for one registry, or for every one that asks.
    #[must_use]
    pub fn given(registry: Option<&str>, user: &str, password: &str) -> Self {
        let login = Login::Password(user.to_owned(), password.to_owned());
        let key = registry.map(normal);
        Self { entries: vec![Entry { key, login }], helpers: Vec::new() }
    }

    /// Those in a docker config file, or in `.dockerconfigjson` or `.dockercfg` of a Secret. `place` is how errors
    /// call it.
    ///
    /// # Errors
    /// It is not such a file.
    pub fn docker_config(place: &str, text: &[u8]) -> Result<Self, Error> {
        // Neither the text nor the library's message is shown: both may quote a password.
        let wrong = |cause: &str| Error::new(ErrorKind::Settings, "read", place, cause);
        let parsed: Value = serde_json::from_slice(text)
            .map_err(|error| wrong(&format!("it is not JSON (line {})", error.line())))?;
        let Some(document) = parsed.as_object() else { return Err(wrong("it is not an object")) };
        let old_format = !document.contains_key("auths") && document.values().any(is_entry);
        let auths = if old_format { Some(document) } else { parsed["auths"].as_object() };
        let mut entries = Vec::new();
        for (key, entry) in auths.into_iter().flatten() {
            let login = login(entry)
                .map_err(|why| wrong(&format!("its entry for {}: {why}", normal(key))))?;
            entries.extend(login.map(|login| Entry { key: Some(normal(key)), login }));
        }
        let mut helpers: Vec<_> = parsed["credHelpers"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(key, helper)| Some((Some(normal(key)), helper.as_str()?.to_owned())))
            .collect();
        let store = parsed["credsStore"].as_str().filter(|store| !store.is_empty());
        helpers.extend(store.map(|store| (None, store.to_owned())));
        Ok(Self { entries, helpers })
    }

    /// Those in `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`; none if there is no such file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn of_environment() -> Result<Self, Error> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let folder = set("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| set("HOME").map(|home| Path::new(&home).join(".docker")));
        let Some(file) = folder.map(|folder| folder.join("config.json")) else {
            return Ok(Self::default());
        };
        let place = file.display().to_string();
        match std::fs::read(&file) {
            Ok(text) => Self::docker_config(&place, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::new(ErrorKind::Settings, "read", place, error.to_string())),
        }
    }

    /// These, and others where these have none.
    #[must_use]
    pub fn or(mut self, others: Self) -> Self {
        self.entries.extend(others.entries);
        self.helpers.extend(others.helpers);
        self
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The credentials for a repository: as the kubelet, those whose path is the longest.
    pub(super) fn for_repository(&self, registry: &str, path: &str) -> Option<&Login> {
        let length = |entry: &&Entry| entry.key.as_ref().map_or(0, String::len);
        let fitting = self
            .entries
            .iter()
            .filter(|entry| entry.key.as_ref().is_none_or(|key| covers(key, registry, path)));
        // Of several for the same path the first counts.
        let mut best: Option<&Entry> = None;
        for entry in fitting {
            if best.is_none_or(|best| length(&entry) > length(&best)) {
                best = Some(entry);
            }
        }
        best.map(|entry| &entry.login)
    }

    /// What a refusal does not say: whether there were credentials, and where others may be.
    pub(super) fn told(&self, registry: &str, path: &str) -> String {
        if self.for_repository(registry, path).is_some() {
            return " (with the credentials that are given)".to_owned();
        }
        match self.kept_by(registry) {
            Some(helper) => format!(
                " (without credentials: docker keeps them in its helper `{helper}`, which ksi does not run)"
            ),
            None => " (without credentials)".to_owned(),
        }
    }

    /// The program that keeps the credentials of a registry.
    fn kept_by(&self, registry: &str) -> Option<&str> {
        let fits = |key: &Option<String>| key.as_ref().is_none_or(|key| covers(key, registry, ""));
        self.helpers.iter().find(|(key, _)| fits(key)).map(|(_, helper)| helper.as_str())
    }

    /// Those for one repository alone, as a docker config file; `None` if there are none. The text is a secret.
    pub fn docker_config_for(&self, repository: &Repository) -> Option<Vec<u8>> {
        let login = self.for_repository(repository.registry(), repository.path())?;
        let entry = match login {
            Login::Password(user, password) => {
                json!({"auth": BASE64_STANDARD.encode(format!("{user}:{password}"))})
            }
            Login::Identity(token) => json!({"identitytoken": token}),
            Login::Token(token) => json!({"registrytoken": token}),
        };
        Some(json!({"auths": {repository.registry(): entry}}).to_string().into_bytes())
    }

    /// Whether a repository has credentials.
    pub fn has(&self, repository: &Repository) -> bool {
        self.for_repository(repository.registry(), repository.path()).is_some()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.key)).finish()
    }
}

/// Whether a value is an entry of the old format, where registries are the keys of the document.
fn is_entry(value: &Value) -> bool {
    ["auth", "username"].iter().any(|field| value[*field].is_string())
}

/// The login of an entry; `None` if it is empty, as docker leaves it when a program keeps the password.
fn login(entry: &Value) -> Result<Option<Login>, &'static str> {
    let field = |name: &str| entry[name].as_str().filter(|value| !value.is_empty());
    if let Some(token) = field("registrytoken") {
        return Ok(Some(Login::Token(token.to_owned())));
    }
    if let Some(token) = field("identitytoken") {
        return Ok(Some(Login::Identity(token.to_owned())));
    }
    if let Some(auth) = field("auth") {
        let decoded = BASE64_STANDARD.decode(auth.trim()).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.ok_or("`auth` is not valid base64")?;
        let (user, password) = decoded.split_once(':').ok_or("`auth` has no colon in it")?;
        let password = password.trim_end_matches('\0');
        return Ok(Some(Login::Password(user.to_owned(), password.to_owned())));
    }
    Ok(match (field("username"), field("password")) {
        (Some(user), Some(password)) => Some(Login::Password(user.to_owned(), password.to_owned())),
        _ => None,
    })
}

/// The key of an entry as host and path: docker writes addresses of its first API.
fn normal(key: &str) -> String {
    let key = key.trim_start_matches("https://").trim_start_matches("http://");
    let key = key.trim_end_matches('/');
    let key = key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key);
    match key {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        other => other.to_ascii_lowercase(),
    }
}

/// Whether a key covers a repository: the same number of parts of the host, `*` stands for characters within one, and
/// the path is its beginning.
fn covers(key: &str, registry: &str, path: &str) -> bool {
    let (host, prefix) = key.split_once('/').unwrap_or((key, ""));
    let registry = registry.to_ascii_lowercase();
    let (patterns, parts): (Vec<_>, Vec<_>) =
        (host.split('.').collect(), registry.split('.').collect());
    let host_fits = patterns.len() == parts.len()
        && patterns.iter().zip(&parts).all(|(pattern, part)| fits(pattern, part));
    let rest = path.strip_prefix(prefix);
    host_fits
        && rest.is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

/// Whether a part of a host fits a pattern with at most a few `*`.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| fits(after, rest)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::reference::Reference;
    use super::*;

    fn parse(config: &Value) -> Credentials {
        Credentials::docker_config("config.json", config.to_string().as_bytes()).unwrap()
    }

    fn user(credentials: &Credentials, registry: &str, path: &str) -> Option<String> {
        match credentials.for_repository(registry, path)? {
            Login::Password(user, _) => Some(user.clone()),
            Login::Identity(token) | Login::Token(token) => Some(token.clone()),
        }
    }

    #[test]
    fn entries_are_found_as_docker_and_the_kubelet_find_them() {
        let auth =
            |user: &str| json!({"auth": BASE64_STANDARD.encode(format!("{user}:pass:word"))});
        let credentials = parse(&json!({"auths": {
            "https://index.docker.io/v1/": auth("hub"),
            "reg.example:5000": {"username": "plain", "password": "p"},
            "reg.example:5000/team": auth("team"),
            "*.corp.example": auth("glob"),
            "id.example": {"auth": "", "identitytoken": "refresh"},
            "empty.example": {},
        }}));
        // What is passed on has one login, which is found again.
        for (repository, expected) in
            [("reg.example:5000/team/a:1", "team"), ("id.example/b:1", "refresh")]
        {
            let image: Reference = repository.parse().unwrap();
            let text = credentials.docker_config_for(image.repository()).unwrap();
            let alone = Credentials::docker_config("config.json", &text).unwrap();
            assert_eq!(alone.entries.len(), 1);
            let (registry, path) = (image.registry(), image.repository().path());
            assert_eq!(user(&alone, registry, path).as_deref(), Some(expected));
        }
        let user = |registry: &str, path: &str| user(&credentials, registry, path);
        assert_eq!(user("docker.io", "library/redis").as_deref(), Some("hub"));
        assert_eq!(user("reg.example:5000", "other/a").as_deref(), Some("plain"));
        assert_eq!(user("reg.example:5000", "team/a").as_deref(), Some("team"));
        assert_eq!(user("reg.example:5000", "teams/a").as_deref(), Some("plain"));
        assert_eq!(user("reg.example", "a"), None);
        assert_eq!(user("a.corp.example", "b").as_deref(), Some("glob"));
        assert_eq!(user("a.b.corp.example", "b"), None);
        assert_eq!(user("id.example", "b").as_deref(), Some("refresh"));
        assert_eq!(user("empty.example", "b"), None);
        let found = credentials.for_repository("docker.io", "a").unwrap();
        assert!(*found == Login::Password("hub".into(), "pass:word".into()));
        assert!(!format!("{credentials:?}").contains("pass"));
    }

    #[test]
    fn credentials_that_a_program_keeps_are_told() {
        let config = json!({"auths": {"a.example": {}}, "credsStore": "desktop",
                            "credHelpers": {"b.example": "ecr-login"}});
        let credentials = parse(&config);
        assert_eq!(credentials.kept_by("a.example"), Some("desktop"));
        assert_eq!(credentials.kept_by("b.example"), Some("ecr-login"));
        assert_eq!(parse(&json!({"auths": {}})).kept_by("a.example"), None);
    }

    #[test]
    fn given_ones_come_first_and_the_old_format_is_read() {
        let old = parse(&json!({"reg.example": {"username": "old", "password": "p"}}));
        let both = Credentials::given(Some("reg.example"), "new", "p").or(old.clone());
        assert_eq!(user(&both, "reg.example", "a").as_deref(), Some("new"));
        assert_eq!(user(&old, "reg.example", "a").as_deref(), Some("old"));
        let all = Credentials::given(None, "any", "p");
        assert_eq!(user(&all, "x.example", "a").as_deref(), Some("any"));
    }

    #[test]
    fn a_broken_file_is_an_error_that_quotes_nothing() {
        for text in ["{\"auths\": {\"a\": {\"auth\": \"c2VjcmV0!\"}}}", "[\"secret\"]", "secret"] {
            let error = Credentials::docker_config("config.json", text.as_bytes()).unwrap_err();
            assert!(
                !error.to_string().contains("c2VjcmV0") && !error.to_string().contains("secret")
            );
        }
    }
}
