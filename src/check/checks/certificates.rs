//! The certificates of webhooks.

use super::super::certificate::{decoded, is_trusted, read};
use super::super::context::{Context, FEDERATED, SYSTEM};
use super::super::gathered::{Gathered, Part};
use super::super::manifest::{items, name, text};
use super::super::verdict::{ReadError, Verdict, error, errors, ok, skipped, warnings};
use super::super::{Check, Phase};

const CATEGORY: &str = "Certificates";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "webhook-certificates",
        category: CATEGORY,
        description: "webhook certificates are valid for at least 30 days",
        phase: Phase::After,
        hint: "run `ksi apply` again: it renews certificates in their last 30 days",
        evaluate: expiry,
    },
    Check {
        id: "webhook-authorities",
        category: CATEGORY,
        description: "the API server trusts the webhook certificates",
        phase: Phase::After,
        hint: "run `ksi apply` again, then restart the Deployment behind the webhook: it may still serve an old certificate",
        evaluate: bundles,
    },
];

/// Secrets with serving certificates, and the Services that use them.
const SERVED: &[(&str, &str, &str)] = &[
    (SYSTEM, "ks-controller-manager-webhook-cert", "ks-controller-manager"),
    (FEDERATED, "kubefed-admission-webhook-serving-cert", "kubefed-admission-webhook"),
];

/// Certificates that expire within this many days are reported.
pub(super) const SOON: i64 = 30;

fn pem(gathered: &Gathered, namespace: &str, secret: &str) -> Result<Option<String>, ReadError> {
    let Some(found) = gathered.object(Part::Secrets, "Secret", namespace, secret)? else {
        return Ok(None);
    };
    match decoded(&found["data"]["tls.crt"]) {
        Some(pem) => Ok(Some(pem)),
        None => {
            Err(ReadError(format!("Secret {namespace}/{secret} has no certificate in tls.crt")))
        }
    }
}

fn expiry(gathered: &Gathered, context: &Context<'_>) -> Verdict {
    let (mut invalid, mut soon, mut seen) = (Vec::new(), Vec::new(), 0);
    for (namespace, secret, _) in SERVED {
        let Some(pem) = pem(gathered, namespace, secret)? else { continue };
        let Some(certificate) = read(&pem) else {
            return error(format!("Secret {namespace}/{secret} has no readable certificate"));
        };
        seen += 1;
        let days = (certificate.not_after - context.now).whole_days();
        if certificate.not_after <= context.now {
            invalid.push(format!("the certificate in Secret {namespace}/{secret} has expired"));
        } else if certificate.not_before > context.now {
            invalid
                .push(format!("the certificate in Secret {namespace}/{secret} is not valid yet"));
        } else if days < SOON {
            soon.push(format!(
                "the certificate in Secret {namespace}/{secret} expires in {days} days"
            ));
        }
    }
    match (seen, invalid.is_empty()) {
        (0, _) => skipped("no webhook certificates"),
        (_, true) => warnings(&soon),
        (_, false) => errors(&invalid),
    }
}

fn bundles(gathered: &Gathered, _: &Context<'_>) -> Verdict {
    let mut lines = Vec::new();
    for part in [Part::ValidatingWebhooks, Part::MutatingWebhooks] {
        for configuration in gathered.list(part)? {
            for webhook in items(&configuration["webhooks"]) {
                let service = &webhook["clientConfig"]["service"];
                let served = SERVED.iter().find(|(namespace, _, name)| {
                    service["namespace"] == *namespace && service["name"] == *name
                });
                let Some((namespace, secret, _)) = served else { continue };
                let Some(serving) = pem(gathered, namespace, secret)? else { continue };
                let bundle = decoded(&webhook["clientConfig"]["caBundle"]).unwrap_or_default();
                if is_trusted(&serving, &bundle) != Some(true) {
                    let (configuration, hook) = (name(configuration), text(&webhook["name"]));
                    lines.push(format!(
                        "caBundle of {configuration} ({hook}) does not match Secret {namespace}/{secret}"
                    ));
                }
            }
        }
    }
    lines.dedup();
    if lines.is_empty() { ok() } else { errors(&lines) }
}
