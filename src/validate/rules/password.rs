//! The initial password of user `admin`.

use super::Context;
use crate::config::form;
use crate::diagnostic::{Code, Diagnostic};

const PATH: &str = "authentication.adminPassword";

/// KubeSphere's own rules for passwords: 8 to 64 characters, lower case, upper case, a digit. A bcrypt
/// hash is accepted as it is.
pub(super) fn rules(context: &Context<'_>) -> Vec<Diagnostic> {
    let Some(password) = context.text(PATH) else {
        return Vec::new();
    };
    if form::is_bcrypt_hash(password) {
        return Vec::new();
    }
    let mut missing = Vec::new();
    if !(8..=64).contains(&password.chars().count()) {
        missing.push("8 to 64 characters");
    }
    let has = |class: fn(&char) -> bool| password.chars().any(|c| class(&c));
    if !has(char::is_ascii_lowercase) {
        missing.push("a lower-case letter");
    }
    if !has(char::is_ascii_uppercase) {
        missing.push("an upper-case letter");
    }
    if !has(char::is_ascii_digit) {
        missing.push("a digit");
    }
    if missing.is_empty() {
        return Vec::new();
    }
    let message = format!("the admin password needs {}", missing.join(", "));
    vec![
        Diagnostic::error(Code::WeakPassword, message)
            .at(context.place(PATH))
            .help("leave it empty to generate one, or give a bcrypt hash ($2a$…)"),
    ]
}

/// The default password of every KubeSphere up to 3.4.
pub(super) fn well_known(context: &Context<'_>) -> Vec<Diagnostic> {
    let known = context.text(PATH) == Some("P@88w0rd");
    known
        .then(|| {
            Diagnostic::warning(
                Code::DefaultPassword,
                "the admin password is the well-known default",
            )
            .at(context.place(PATH))
            .help("choose another one: anybody who can reach the console can sign in with it")
        })
        .into_iter()
        .collect()
}
