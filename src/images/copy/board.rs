//! How far each image is, for who shows it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Copied;
use crate::registry::Error;

/// How far an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Others are copied first.
    Waiting,
    /// Its manifests are read.
    Reading,
    /// Its blobs are copied.
    Copying,
    /// What arrived is compared.
    Verifying,
    /// It is there.
    Done,
    /// It cannot be copied.
    Failed,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: State,
    /// The number of bytes that are at the target.
    pub done: u64,
    /// Those of them that were there before.
    pub there: u64,
    /// The number of bytes in all.
    pub total: u64,
}

/// How far all images are.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<Mutex<Vec<Row>>>);

impl Board {
    /// A board for these images.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let row = |name| Row { name, state: State::Waiting, done: 0, there: 0, total: 0 };
        Self(Arc::new(Mutex::new(names.into_iter().map(row).collect())))
    }

    /// The rows as they are now.
    pub fn rows(&self) -> Vec<Row> {
        self.lock().clone()
    }

    pub(super) fn row(&self, at: usize) -> OneRow {
        OneRow { board: self.clone(), at }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The row of one image.
#[derive(Debug, Clone)]
pub(super) struct OneRow {
    board: Board,
    at: usize,
}

impl OneRow {
    fn change(&self, change: impl FnOnce(&mut Row)) {
        if let Some(row) = self.board.lock().get_mut(self.at) {
            change(row);
        }
    }

    pub(super) fn state(&self, state: State) {
        self.change(|row| row.state = state);
    }

    pub(super) fn total(&self, total: u64) {
        self.change(|row| row.total = total);
    }

    /// These bytes were sent.
    pub(super) fn sent(&self, bytes: u64) {
        self.change(|row| row.done += bytes);
    }

    /// These bytes have to be sent again.
    pub(super) fn lost(&self, bytes: u64) {
        self.change(|row| row.done = row.done.saturating_sub(bytes));
    }

    /// These bytes were there before.
    pub(super) fn there(&self, bytes: u64) {
        self.change(|row| {
            row.done += bytes;
            row.there += bytes;
        });
    }

    pub(super) fn end(&self, result: Result<&Copied, &Error>) {
        self.state(if result.is_ok() { State::Done } else { State::Failed });
    }
}
