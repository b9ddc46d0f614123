//! Sign-in.

use super::section::section;
use super::{FreeForm, Sensitive};

section! {
    /// Sign-in: the secret that signs tokens, the first password, OAuth.
    Authentication {
        /// Signs every token. Must be the same on a host and all its members. When empty, the value
        /// that the cluster already has is kept, or one is generated.
        jwt_secret?: secret,
        /// A Secret in namespace kubesphere-system that holds the jwtSecret, so that it need not
        /// stand in this file.
        jwt_secret_ref?: JwtSecretRef,
        /// The first password of user admin, or its bcrypt hash. Empty: a random one is generated.
        /// Read only while there is no user admin.
        admin_password?: Sensitive,
        /// Failed sign-ins after which an account is locked for authenticationRateLimiterDuration.
        authenticate_rate_limiter_max_tries: u32 = 10,
        /// The time in which failed sign-ins are counted, for example `10m0s`.
        authentication_rate_limiter_duration: String = "10m0s".into(),
        /// How long the history of sign-ins is kept, for example `168h`.
        login_history_retention_period: String = "168h".into(),
        /// How far clocks may differ before a token is refused, for example `10s`.
        maximum_clock_skew: String = "10s".into(),
        /// OAuth settings, copied to kubesphere-config: identityProviders, accessTokenMaxAge (0
        /// means that tokens never expire), accessTokenInactivityTimeout, clients.
        oauth_options?: FreeForm,
    }

    /// A key of a Secret in namespace kubesphere-system.
    #[derive(Eq)]
    #[schemars(extend("required" = ["name"]))]
    JwtSecretRef {
        /// The Secret's name. Its namespace is always kubesphere-system.
        name: String,
        /// The key in the Secret.
        key: String = "jwtSecret".into(),
    }
}
