//! The answer to an admission request for a ClusterConfiguration: what `ksi validate` says, before the API
//! server stores the object.
//!
//! Only new mistakes are refused. A mistake that stood in the old object is a warning, so that keys of other
//! versions stay, and somebody can correct one thing after the other. What does not change `spec`, such as a
//! finalizer, is not checked.

mod check;
mod request;
mod response;
mod warnings;

#[cfg(test)]
mod tests;

use serde_json::Value;

use self::request::Request;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed, with or without warnings.
    Allowed,
    /// Refused.
    Refused,
}

impl Verdict {
    /// The name, for metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
        }
    }
}

/// The text is not an `AdmissionReview` of version 1 with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an AdmissionReview of admission.k8s.io/v1")]
pub struct Malformed;

/// Answers an `AdmissionReview` with one.
///
/// # Errors
/// The text is something else.
pub fn review(text: &[u8]) -> Result<(Value, Verdict), Malformed> {
    let review = serde_json::from_slice(text).map_err(|_| Malformed)?;
    let request = Request::of(review).ok_or(Malformed)?;
    let judgement = check::judge(&request);
    let verdict = if judgement.errors.is_empty() { Verdict::Allowed } else { Verdict::Refused };
    Ok((response::review(&request, &judgement), verdict))
}
