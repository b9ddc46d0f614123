//! Sign-in.

use super::section::section;
use super::{FreeForm, Sensitive};

section! {
    /// Sign-in: the secret that signs tokens, the initial admin password, OAuth.
    Authentication {
        /// The secret that signs every token. Must be the same on a host and all its members. If empty,
        /// the current value of the cluster is kept, or a new one is generated.
        jwt_secret?: secret,
        /// A Secret in namespace kubesphere-system that contains the jwtSecret, so that this file
        /// need not contain it.
        jwt_secret_ref?: JwtSecretRef,
        /// The initial password of user admin, or its bcrypt hash. If empty, a random one is
        /// generated. Has no effect once user admin exists.
        admin_password?: Sensitive,
        /// Failed sign-ins after which an account is locked for authenticationRateLimiterDuration.
        authenticate_rate_limiter_max_tries: u32 = 10,
        /// The period in which failed sign-ins are counted, for example `10m0s`.
        authentication_rate_limiter_duration: String = "10m0s".into(),
        /// How long the history of sign-ins is kept, for example `168h`.
        login_history_retention_period: String = "168h".into(),
        /// How far clocks may differ before a token is rejected, for example `10s`.
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
