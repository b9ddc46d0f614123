//! Tokens of KubeSphere: the static token, a JWT for `admin` that never expires, and one for a test of a member.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use time::OffsetDateTime;

use super::certificate::BACKDATED;

/// Creates the token like KubeSphere's own issuer, with `jwt_secret` as the key.
pub(super) fn mint(jwt_secret: &str, now: OffsetDateTime) -> String {
    signed(
        jwt_secret,
        &json!({
            "username": "admin",
            "sub": "admin",
            "token_type": "static_token",
            "iss": "kubesphere",
            // KubeSphere refuses tokens from the future, and clocks differ.
            "iat": (now - BACKDATED).unix_timestamp(),
        }),
    )
}

/// A token like that of a user who signed in, valid for one minute. KubeSphere accepts it on a member only if the
/// member has the same jwtSecret and does not look for tokens in its own cache (`accessTokenMaxAge: 0`).
pub fn sign_in_token(jwt_secret: &str, now: OffsetDateTime) -> String {
    signed(
        jwt_secret,
        &json!({
            "username": "admin",
            "sub": "admin",
            "token_type": "access_token",
            "iss": "kubesphere",
            "iat": now.unix_timestamp(),
            "exp": now.unix_timestamp() + 60,
        }),
    )
}

fn signed(jwt_secret: &str, claims: &serde_json::Value) -> String {
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(claims));
    let signature = hmac::sign(&key(jwt_secret), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Whether a stored token is signed with this secret.
pub(super) fn is_signed_with(token: &str, jwt_secret: &str) -> bool {
    let Some((signed, signature)) = token.rsplit_once('.') else {
        return false;
    };
    URL_SAFE_NO_PAD
        .decode(signature)
        .is_ok_and(|tag| hmac::verify(&key(jwt_secret), signed.as_bytes(), &tag).is_ok())
}

fn key(jwt_secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, jwt_secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_token_that_any_jwt_library_makes() {
        let now = OffsetDateTime::from_unix_timestamp(1_700_003_600).unwrap();
        let token = mint("0123456789abcdef0123456789abcdef", now);
        let parts: Vec<&str> = token.split('.').collect();
        let text = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        assert_eq!(text(parts[0]), r#"{"alg":"HS256","typ":"JWT"}"#);
        assert_eq!(
            text(parts[1]),
            r#"{"username":"admin","sub":"admin","token_type":"static_token","iss":"kubesphere","iat":1700000000}"#
        );
        // printf %s "$HEADER.$CLAIMS" | openssl dgst -sha256 -hmac 0123… -binary | basenc --base64url
        assert_eq!(parts[2], "pU42EabQfuBL7GAPsVvT4SYWZEgQ237nj2g4XYMwxFQ");
    }

    #[test]
    fn another_secret_or_a_changed_claim_is_noticed() {
        let token = mint("one", OffsetDateTime::UNIX_EPOCH);
        assert!(is_signed_with(&token, "one"));
        assert!(!is_signed_with(&token, "two"));
        assert!(!is_signed_with(&token.replacen("eyJ", "eyK", 2), "one"));
        assert!(!is_signed_with("not a token", "one"));
        assert!(!is_signed_with("", "one"));
    }
}
