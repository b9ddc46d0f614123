//! Whether a process is ready to work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What has to be there before a process is ready, each by its name. Clones share it.
///
/// Who leads does not matter: a replica that waits for the lock is as ready as the one that holds it.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, bool>>>);

impl Readiness {
    /// Adds something that is not there yet.
    pub fn await_for(&self, name: &'static str) {
        self.set(name, false);
    }

    /// Notes whether it is there.
    pub fn set(&self, name: &'static str, there: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, there);
    }

    /// Whether everything is there.
    pub fn is_ready(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().all(|there| *there)
    }

    /// One line for each, as `/readyz` of an API server has them.
    pub fn text(&self) -> String {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |(name, there): (&&str, &bool)| match there {
            true => format!("[+]{name} ok\n"),
            false => format!("[-]{name} not ready\n"),
        };
        parts.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_to_be_there() {
        let readiness = Readiness::default();
        assert!(readiness.is_ready());
        readiness.await_for("watches");
        readiness.clone().set("http", true);
        assert!(!readiness.is_ready());
        assert_eq!(readiness.text(), "[+]http ok\n[-]watches not ready\n");
        readiness.set("watches", true);
        assert!(readiness.is_ready());
    }
}
