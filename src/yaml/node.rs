//! A parsed value with the places of its keys and values.

use std::fmt;

use serde_json::{Map, Value};

use crate::diagnostic::Span;

/// A value and its place. Nodes that are not from a text (created by a migration) have no span.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The content.
    pub content: Content,
    /// The place.
    pub span: Option<Span>,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// null, boolean, number or string.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<Entry>),
}

/// One key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key as JSON has it: always a string.
    pub key: String,
    /// The place of the key.
    pub key_span: Option<Span>,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// A node without a place.
    pub fn new(content: Content) -> Self {
        Self { content, span: None }
    }

    /// An empty mapping without a place.
    pub fn empty_map() -> Self {
        Self::new(Content::Map(Vec::new()))
    }

    /// The value without places.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Content::Map(entries) => Value::Object(
                entries.iter().map(|e| (e.key.clone(), e.value.to_json())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// The same without a copy.
    pub fn into_json(self) -> Value {
        match self.content {
            Content::Scalar(value) => value,
            Content::List(items) => Value::Array(items.into_iter().map(Self::into_json).collect()),
            Content::Map(entries) => Value::Object(
                entries.into_iter().map(|e| (e.key, e.value.into_json())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// A node without places from a plain value.
    pub fn from_json(value: Value) -> Self {
        Self::new(match value {
            Value::Array(items) => Content::List(items.into_iter().map(Self::from_json).collect()),
            Value::Object(map) => Content::Map(
                map.into_iter()
                    .map(|(key, value)| Entry {
                        key,
                        key_span: None,
                        value: Self::from_json(value),
                    })
                    .collect(),
            ),
            scalar => Content::Scalar(scalar),
        })
    }

    /// The entries of a mapping; nothing for other nodes.
    pub fn entries(&self) -> &[Entry] {
        if let Content::Map(entries) = &self.content { entries } else { &[] }
    }

    /// The items of a list; nothing for other nodes.
    pub fn items(&self) -> &[Node] {
        if let Content::List(items) = &self.content { items } else { &[] }
    }

    /// The entry of a mapping's key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| e.key == key)
    }

    /// The value of a mapping's key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|e| &e.value)
    }

    /// The value of a mapping's key, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.content {
            Content::Map(entries) => {
                entries.iter_mut().find(|e| e.key == key).map(|e| &mut e.value)
            }
            _ => None,
        }
    }

    /// Removes a key from a mapping.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        match &mut self.content {
            Content::Map(entries) => {
                let at = entries.iter().position(|e| e.key == key)?;
                Some(entries.remove(at))
            }
            _ => None,
        }
    }

    /// Inserts a key into a mapping, replacing an entry with the same key. A node that is not a mapping
    /// becomes one.
    pub fn insert(&mut self, entry: Entry) {
        if !matches!(self.content, Content::Map(_)) {
            self.content = Content::Map(Vec::new());
        }
        if let Content::Map(entries) = &mut self.content {
            match entries.iter_mut().find(|e| e.key == entry.key) {
                Some(old) => *old = entry,
                None => entries.push(entry),
            }
        }
    }

    /// The node at a path.
    pub fn at(&self, path: &Path) -> Option<&Node> {
        path.0.iter().try_fold(self, |node, step| match step {
            Step::Key(key) => node.get(key),
            Step::Index(index) => node.items().get(*index),
        })
    }

    /// The entry at a path that ends in a key.
    pub fn entry_at(&self, path: &Path) -> Option<&Entry> {
        match path.0.split_last()? {
            (Step::Key(key), parent) => self.at(&Path(parent.to_vec()))?.entry(key),
            (Step::Index(_), _) => None,
        }
    }

    /// Visits this node, which is at `path`, and every node below it, in the order of the text.
    pub fn each<'n>(&'n self, path: &Path, visit: &mut impl FnMut(&Path, &'n Node)) {
        visit(path, self);
        for entry in self.entries() {
            entry.value.each(&path.key(&entry.key), visit);
        }
        for (at, item) in self.items().iter().enumerate() {
            item.each(&path.index(at), visit);
        }
    }

    /// The scalar as text, for strings only.
    pub fn as_str(&self) -> Option<&str> {
        if let Content::Scalar(Value::String(text)) = &self.content { Some(text) } else { None }
    }

    /// Whether it is null, which kubectl and serde both read as "not given".
    pub fn is_null(&self) -> bool {
        matches!(self.content, Content::Scalar(Value::Null))
    }
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

/// The path of a value inside a document, shown as `spec.hosts[2].name`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(pub Vec<Step>);

impl Path {
    /// A path of keys: `Path::keys("common.redis.enabled")`.
    pub fn keys(dotted: &str) -> Self {
        Self(dotted.split('.').filter(|k| !k.is_empty()).map(|k| Step::Key(k.to_owned())).collect())
    }

    /// The path one key deeper.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.with(Step::Key(key.to_owned()))
    }

    /// The path one item deeper.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                // A key with dots is quoted as in JSONPath.
                Step::Key(key) if key.contains(['.', '/']) => write!(f, "[\"{key}\"]")?,
                Step::Key(key) if at == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
