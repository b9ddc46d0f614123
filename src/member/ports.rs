//! The ports on which Tower serves a member.

/// The ports that Tower draws from for the Kubernetes API of a member (v0.2.2). That of KubeSphere is 10000 higher.
const RANGE: std::ops::Range<u16> = 6000..7000;

/// A port that no other member has: the first one from `start` on. Tower's own draw compares the wrong ports, so that two members may get the
/// same one: then one of them is reached under both names.
pub fn free_port(taken: &[u16], start: u16) -> Option<u16> {
    let length = RANGE.end - RANGE.start;
    let mut ports = (0..length).map(|step| RANGE.start + (start % length + step) % length);
    ports.find(|port| !taken.contains(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        assert_eq!(free_port(&[], 0), Some(6000));
        assert_eq!(free_port(&[6000, 6001, 6003], 0), Some(6002));
        assert_eq!(free_port(&[6999, 6000], 1999), Some(6001));
        assert_eq!(free_port(&RANGE.collect::<Vec<_>>(), 5), None);
    }
}
