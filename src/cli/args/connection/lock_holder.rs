//! The name of this process in the lock of a cluster.

/// The holder of the lock, as others see it.
pub(super) fn lock_holder() -> String {
    let name = |variable: &str| std::env::var(variable).ok().filter(|text| !text.is_empty());
    let user = name("USER").or_else(|| name("LOGNAME")).unwrap_or_else(|| "ksi".to_owned());
    let host = name("HOSTNAME")
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok())
        .map_or_else(|| "localhost".to_owned(), |text| text.trim().to_owned());
    // User, host and process id can be equal in two pods.
    format!("{user}@{host}/{}-{:08x}", std::process::id(), fastrand::u32(..))
}
