//! The name of this process in the lock of a cluster.

/// The holder of the lock, as others see it.
pub(in crate::cli) fn lock_holder() -> String {
    let name = |variable: &str| std::env::var(variable).ok().filter(|text| !text.is_empty());
    let user = name("USER").or_else(|| name("LOGNAME")).or_else(account);
    let user = user.unwrap_or_else(|| "ksi".to_owned());
    let host = name("HOSTNAME")
        .or_else(|| std::fs::read_to_string("/etc/hostname").ok())
        .map_or_else(|| "localhost".to_owned(), |text| text.trim().to_owned());
    // User, host and process id can be equal in two pods.
    format!("{user}@{host}/{}-{:08x}", std::process::id(), fastrand::u32(..))
}

/// The account of this process, for environments without USER, such as containers and timers.
fn account() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let uid = std::fs::metadata("/proc/self").ok()?.uid();
    account_of(uid, &std::fs::read_to_string("/etc/passwd").ok()?)
}

/// The name with a user id in the text of /etc/passwd.
fn account_of(uid: u32, passwd: &str) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_id() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\n\noperator:x:1002:0::/:\n";
        assert_eq!(account_of(1002, passwd).as_deref(), Some("operator"));
        assert_eq!(account_of(0, passwd).as_deref(), Some("root"));
        assert_eq!(account_of(7, passwd), None);
    }
}
