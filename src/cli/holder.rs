//! Who we are in the lock of a cluster.

/// A name that tells others who find the lock taken who holds it.
pub(super) fn holder() -> String {
    let name = |variable: &str| std::env::var(variable).ok().filter(|text| !text.is_empty());
    let user = name("USER").or_else(|| name("LOGNAME")).unwrap_or_else(|| "ksi".to_owned());
    let host = name("HOSTNAME")
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok())
        .map_or_else(|| "localhost".to_owned(), |text| text.trim().to_owned());
    // Two processes of one name in two pods of one name are still two.
    format!("{user}@{host}/{}-{:08x}", std::process::id(), fastrand::u32(..))
}
