//! Secrets that are well known or do not match. No text here shows one.

use super::super::context::Context;
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{name, text};
use super::super::verdict::{ReadError, Verdict, error, ok, skipped, warning};
use super::super::{Check, Phase};
use crate::config::jwt_secret::unusable;
use crate::config::{Role, form};

const CATEGORY: &str = "Secrets";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "jwt-secret",
        category: CATEGORY,
        description: "the jwtSecret is long enough and not a published example",
        phase: Phase::Both,
        hint: "anybody who guesses it is admin of every cluster: leave `authentication.jwtSecret` empty on a new host to generate one; docs/check.md explains how to change it",
        evaluate: jwt_secret,
    },
    Check {
        id: "jwt-secret-member",
        category: CATEGORY,
        description: "the jwtSecret of the member matches its configuration",
        phase: Phase::Both,
        hint: "get it from the host with `kubectl -n kubesphere-system get cm kubesphere-config -o yaml | grep jwtSecret`, and set it as `authentication.jwtSecret` of the member",
        evaluate: member,
    },
    Check {
        id: "admin-password",
        category: CATEGORY,
        description: "user admin does not have the default password",
        phase: Phase::After,
        hint: "sign in to the console as admin and change the password in the user settings",
        evaluate: admin,
    },
];

const DEFAULT_PASSWORD: &str = "P@88w0rd";
const SHORTEST: usize = 16;

/// The secret that `KubeSphere` uses, or else the configured one.
fn in_use(gathered: &Gathered, context: &Context<'_>) -> Result<Option<String>, ReadError> {
    let live =
        gathered.kubesphere_config()?.map(|d| text(&d["authentication"]["jwtSecret"]).to_owned());
    let given = context.configuration().and_then(|c| c.authentication.jwt_secret.as_deref());
    Ok(live.filter(|secret| !secret.is_empty()).or_else(|| given.map(str::to_owned)))
}

fn jwt_secret(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let Some(secret) = in_use(gathered, context)? else {
        return skipped("not set yet; a host generates one");
    };
    if let Some(problem) = unusable(&secret) {
        return error(format!("it {}", problem.reason()));
    }
    let length = secret.chars().count();
    if length < SHORTEST {
        return warning(format!("it has {length} characters, but should have at least {SHORTEST}"));
    }
    ok()
}

fn member(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    if context.role() != Some(Role::Member) {
        return skipped("not a member cluster");
    }
    let given = context.configuration().and_then(|c| c.authentication.jwt_secret.as_deref());
    let live = gathered.kubesphere_config()?;
    let live = live.as_ref().map(|d| text(&d["authentication"]["jwtSecret"]));
    match (given, live) {
        (None, None | Some("")) => {
            error("neither the configuration nor the cluster has a jwtSecret")
        }
        (Some(given), Some(live)) if given != live => {
            error("the jwtSecret in kubesphere-config differs from the configuration")
        }
        _ => ok(),
    }
}

fn admin(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let Some(user) = gathered.list(Part::Users)?.iter().find(|user| name(user) == "admin") else {
        return skipped("user admin does not exist");
    };
    let hash = text(&user["spec"]["password"]);
    if !form::is_bcrypt_hash(hash) {
        return skipped("the password is not stored as a bcrypt hash");
    }
    // Each step doubles the time.
    let cost = hash.split('$').nth(2).and_then(|cost| cost.parse::<u32>().ok());
    if cost.is_none_or(|cost| cost > 14) {
        return skipped("the hash takes too long to compare");
    }
    match bcrypt::verify(DEFAULT_PASSWORD, hash) {
        Ok(true) => warning("it has the default password from the KubeSphere documentation"),
        _ => ok(),
    }
}
