//! What came by, and what is to happen to it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::header::{HeaderValue, USER_AGENT};
use hyper::http::request::Parts;

use super::fault::Fault;
use super::request::{is_dry_run, is_write};
use super::rule::Rule;

/// A request that reached the proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// `GET`, `PATCH`, …
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The query without its question mark.
    pub query: String,
    /// Who asked.
    pub user_agent: String,
    /// The status that the client was given; of an answer that was lost on the way back, the one
    /// that the API server gave. `None` while there is none.
    pub status: Option<u16>,
    /// Which of the rules acted, counted from 0.
    pub rule: Option<usize>,
}

impl Seen {
    fn new(head: &Parts) -> Self {
        let agent = head.headers.get(USER_AGENT).map(HeaderValue::as_bytes);
        Self {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            user_agent: String::from_utf8_lossy(agent.unwrap_or_default()).into_owned(),
            ..Self::default()
        }
    }

    /// Whether it changes the cluster: no dry run, no access review.
    pub fn is_write(&self) -> bool {
        is_write(&self.method, &self.path) && !self.is_dry_run()
    }

    /// Whether it asks for a dry run.
    pub fn is_dry_run(&self) -> bool {
        is_dry_run(&self.query)
    }

    /// As in a URL.
    pub fn path_and_query(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        format!("{}?{}", self.path, self.query)
    }
}

/// The number of a request in the book.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(usize);

/// Rules with their counts, and all requests.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    rules: Vec<(Rule, usize)>,
    seen: Vec<Seen>,
    /// How many were forgotten: numbers go on.
    forgotten: usize,
}

impl Book {
    pub(super) fn set(&self, rules: Vec<Rule>) {
        self.pages().rules = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.pages().seen.clone()
    }

    pub(super) fn forget(&self) {
        let mut pages = self.pages();
        pages.forgotten += pages.seen.len();
        pages.seen.clear();
    }

    /// Enters a request, and says what is to happen to it.
    pub(super) fn enter(&self, head: &Parts) -> (Number, Option<Fault>) {
        let mut pages = self.pages();
        let mut seen = Seen::new(head);
        let mut fault = None;
        for (index, (rule, count)) in pages.rules.iter_mut().enumerate() {
            if !rule.matching.matches(&seen) {
                continue;
            }
            *count += 1;
            if fault.is_none() && rule.nth.hits(*count) {
                fault = Some(rule.fault.clone());
                seen.rule = Some(index);
            }
        }
        let number = Number(pages.forgotten + pages.seen.len());
        pages.seen.push(seen);
        (number, fault)
    }

    pub(super) fn answered(&self, Number(number): Number, status: u16) {
        let mut pages = self.pages();
        let index = number.checked_sub(pages.forgotten);
        if let Some(seen) = index.and_then(|index| pages.seen.get_mut(index)) {
            seen.status = Some(status);
        }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
