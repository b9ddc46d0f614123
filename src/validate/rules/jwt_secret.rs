//! Rules about the secret that signs the tokens of a host and its members.

use super::Context;
use crate::config::Role;
use crate::config::jwt_secret::{Unusable, unusable};
use crate::diagnostic::{Code, Diagnostic};

const PATH: &str = "authentication.jwtSecret";
/// The command that prints the host's jwtSecret, as in KubeSphere's guides.
const GET_JWT_SECRET: &str = "kubectl -n kubesphere-system get cm kubesphere-config -o yaml | grep -v \"apiVersion\" | grep jwtSecret";

/// A member whose secret differs from the host's rejects every token of the host.
pub(super) fn of_member(context: &Context<'_>) -> Vec<Diagnostic> {
    let given = context.is_given(PATH) || context.is_given("authentication.jwtSecretRef");
    if context.role() != Some(Role::Member) || given {
        return Vec::new();
    }
    let diagnostic = Diagnostic::error(
        Code::MemberWithoutSecret,
        "a member needs the jwtSecret of its host in `authentication.jwtSecret`",
    )
    .at(context.place(PATH).or(context.place("multicluster.clusterRole")))
    .help(get_it())
    .help("or refer to a Secret that contains it: authentication.jwtSecretRef: {name: …}");
    vec![diagnostic]
}

/// A text that only looks like a jwtSecret: an example of a guide, a placeholder, half of a value.
pub(super) fn meant(context: &Context<'_>) -> Vec<Diagnostic> {
    let problem = context.text(PATH).and_then(unusable);
    problem.map(|problem| cannot_be_meant(context, problem)).into_iter().collect()
}

fn cannot_be_meant(context: &Context<'_>, problem: Unusable) -> Diagnostic {
    let (code, help) = match problem {
        Unusable::Published | Unusable::Placeholder if context.role() == Some(Role::Member) => {
            (Code::JwtSecretExample, get_it())
        }
        Unusable::Published | Unusable::Placeholder => (
            Code::JwtSecretExample,
            "leave it empty to keep the current one, or to generate one on a new host".to_owned(),
        ),
        Unusable::Quoted => (
            Code::JwtSecretLength,
            "write it without quotes, or in one pair of ASCII quotes (\"…\")".to_owned(),
        ),
        Unusable::Masked => (
            Code::JwtSecretLength,
            "copy the real value: KubeSphere's console and guides mask it".to_owned(),
        ),
        Unusable::Spaced => (
            Code::JwtSecretLength,
            "copy the value alone, without the key and without a line break".to_owned(),
        ),
    };
    let message = format!("the jwtSecret {}", problem.reason());
    let diagnostic = if context.options.jwt_secret_in_use {
        Diagnostic::warning(code, format!("{message}, and this installation uses it"))
            .help("anybody who knows it can sign in as admin: set a new one on the host, then on every member")
    } else {
        Diagnostic::error(code, message).help(help)
    };
    diagnostic.at(context.place(PATH))
}

fn get_it() -> String {
    format!("to get it, run on the host: {GET_JWT_SECRET}")
}

/// HS256 accepts any key, but a weak one gives access to every cluster.
pub(super) fn length(context: &Context<'_>) -> Vec<Diagnostic> {
    const LEAST: usize = 16;
    const GOOD: usize = 32;
    let secret = context.text(PATH).filter(|text| unusable(text).is_none());
    let length = secret.map_or(LEAST, |text| text.chars().count());
    if length >= LEAST {
        return Vec::new();
    }
    let message = format!("the jwtSecret has {length} characters");
    let short = Diagnostic::warning(Code::JwtSecretLength, message).at(context.place(PATH));
    vec![short.help(format!(
        "it signs the tokens of all clusters: use at least {GOOD} characters, or leave it empty on a host to generate one"
    ))]
}

/// Two sources of one secret: it would be unclear which one wins.
pub(super) fn source(context: &Context<'_>) -> Vec<Diagnostic> {
    let both = context.text(PATH).is_some() && context.is_given("authentication.jwtSecretRef");
    both.then(|| {
        Diagnostic::error(Code::JwtSecretTwice, "jwtSecret and jwtSecretRef are both set")
            .at(context.key_place("authentication.jwtSecretRef"))
            .help("keep one of them")
    })
    .into_iter()
    .collect()
}
