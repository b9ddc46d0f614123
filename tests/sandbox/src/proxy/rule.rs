//! Which requests are hit.

use super::fault::Fault;
use super::record::Seen;
use super::request::Target;

/// A fault for some of the requests that match. Each rule counts all requests that match it; the
/// first rule whose turn it is acts.
#[derive(Debug, Clone)]
pub struct Rule {
    pub(super) matching: Match,
    pub(super) nth: Nth,
    pub(super) fault: Fault,
}

impl Rule {
    /// `Rule::new(Match::writes(), Nth::Only(3), Fault::ResetAfter)`: the third write is lost.
    pub fn new(matching: Match, nth: Nth, fault: Fault) -> Self {
        Self { matching, nth, fault }
    }
}

/// Which of the matching requests, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nth {
    /// This one alone.
    Only(usize),
    /// The first so many.
    First(usize),
    /// Every so many: 3, 6, 9, …
    Every(usize),
    /// This one and all after it.
    From(usize),
    /// All of them.
    All,
}

impl Nth {
    pub(super) fn hits(self, count: usize) -> bool {
        match self {
            Self::Only(nth) => count == nth,
            Self::First(many) => count <= many,
            Self::Every(many) => many > 0 && count.is_multiple_of(many),
            Self::From(nth) => count >= nth,
            Self::All => true,
        }
    }
}

#[derive(Debug, Clone, Default)]
enum Class {
    #[default]
    Any,
    Read,
    Write,
    Methods(Vec<String>),
}

/// Which requests count. Conditions are added one by one; all have to hold.
#[derive(Debug, Clone, Default)]
pub struct Match {
    class: Class,
    dry_runs: bool,
    contains: Option<String>,
    except: Vec<String>,
    resource: Option<String>,
    name: Option<String>,
    agent: Option<String>,
}

impl Match {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests that change nothing, watches and dry runs included.
    pub fn reads() -> Self {
        Self { class: Class::Read, ..Self::default() }
    }

    /// Requests that change the cluster; no dry runs unless [`Match::dry_runs`] asks for them.
    pub fn writes() -> Self {
        Self { class: Class::Write, ..Self::default() }
    }

    /// Requests with one of these methods, dry runs included.
    pub fn methods(methods: &[&str]) -> Self {
        let methods = methods.iter().map(|method| (*method).to_owned()).collect();
        Self { class: Class::Methods(methods), ..Self::default() }
    }

    /// Writes with `dryRun=All` count too.
    #[must_use]
    pub fn dry_runs(self) -> Self {
        Self { dry_runs: true, ..self }
    }

    /// The path with its query holds this text, such as `watch=true`.
    #[must_use]
    pub fn contains(self, text: &str) -> Self {
        Self { contains: Some(text.to_owned()), ..self }
    }

    /// The path with its query holds none of these texts.
    #[must_use]
    pub fn except(self, texts: &[&str]) -> Self {
        Self { except: texts.iter().map(|text| (*text).to_owned()).collect(), ..self }
    }

    /// The resource's plural name, with its subresource if there is one: `pods`, `pods/status`.
    #[must_use]
    pub fn resource(self, plural: &str) -> Self {
        Self { resource: Some(plural.to_owned()), ..self }
    }

    /// The object's name. A POST has it in its body, where nobody looks.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// The user agent begins so.
    #[must_use]
    pub fn agent(self, prefix: &str) -> Self {
        Self { agent: Some(prefix.to_owned()), ..self }
    }

    pub(super) fn matches(&self, seen: &Seen) -> bool {
        let class = match &self.class {
            Class::Any => true,
            Class::Read => !seen.is_write(),
            Class::Write if self.dry_runs => seen.is_write() || seen.is_dry_run(),
            Class::Write => seen.is_write(),
            Class::Methods(methods) => methods.contains(&seen.method),
        };
        let target = Target::parse(&seen.path);
        let equal = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        let begins = |wanted: &Option<String>| {
            wanted.as_deref().is_none_or(|wanted| seen.user_agent.starts_with(wanted))
        };
        class
            && self.contains.as_deref().is_none_or(|text| seen.path_and_query().contains(text))
            && !self.except.iter().any(|text| seen.path_and_query().contains(text))
            && equal(&self.resource, &target.resource)
            && equal(&self.name, target.name)
            && begins(&self.agent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let hits = |nth: Nth| (1..=6).filter(|count| nth.hits(*count)).collect::<Vec<_>>();
        assert_eq!(hits(Nth::Only(2)), [2]);
        assert_eq!(hits(Nth::First(2)), [1, 2]);
        assert_eq!(hits(Nth::Every(3)), [3, 6]);
        assert_eq!(hits(Nth::From(5)), [5, 6]);
        assert_eq!(hits(Nth::All).len(), 6);
    }

    #[test]
    fn conditions() {
        let seen = Seen {
            method: "PATCH".into(),
            path: "/api/v1/namespaces/a/configmaps/b".into(),
            query: "fieldManager=x".into(),
            user_agent: "ksi/0.1".into(),
            ..Seen::default()
        };
        assert!(Match::writes().resource("configmaps").name("b").agent("ksi/").matches(&seen));
        assert!(Match::methods(&["PATCH", "PUT"]).contains("fieldManager=x").matches(&seen));
        assert!(!Match::writes().resource("secrets").matches(&seen));
        assert!(Match::writes().except(&["/secrets"]).matches(&seen));
        assert!(!Match::writes().except(&["/secrets", "/configmaps/b"]).matches(&seen));
        assert!(!Match::writes().agent("kubectl").matches(&seen));
        assert!(!Match::reads().matches(&seen));
        let dry = Seen { query: "dryRun=All".into(), ..seen };
        assert!(!Match::writes().matches(&dry));
        assert!(Match::writes().dry_runs().matches(&dry));
        assert!(Match::reads().matches(&dry));
    }
}
