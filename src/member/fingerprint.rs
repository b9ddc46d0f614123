//! Tells whether two secrets are the same without showing either.

use aws_lc_rs::digest;

/// 16 hexadecimal digits that differ for different secrets.
pub fn fingerprint(secret: &str) -> String {
    let hash = digest::digest(&digest::SHA256, secret.as_bytes());
    hex::encode(&hash.as_ref()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_sha256() {
        // printf abc | sha256sum
        assert_eq!(fingerprint("abc"), "ba7816bf8f01cfea");
    }
}
