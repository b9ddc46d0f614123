//! Causes: why an object is not healthy, and whether waiting may help.
//!
//! The kubelet and the scheduler retry after almost every problem, so almost every problem may pass. Of these
//! it is certain that waiting does not help:
//!
//! - an image name that is invalid;
//! - a container that must not run as root, with an image that does;
//! - a volume claim whose StorageClass does not exist, or without a class where none is the default, if no
//!   volume fits;
//! - a Secret or ConfigMap, or a key in one, that is missing although the installation itself created it:
//!   nobody else will.
//!
//! Not certain, since somebody else may act at any time: an image that cannot be pulled (it may be pushed), a
//! node that does not fit (an autoscaler may add one), a program that crashes (it may wait for another one), a
//! Secret of the user (an operator may create it).

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::current::ReplicaSets;
use crate::object::ObjectId;

/// Why an object is not healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// The object at fault: mostly a pod.
    pub object: ObjectId,
    /// The reason in one word, as Kubernetes writes it: `ImagePullBackOff`.
    pub reason: String,
    /// The problem, in one sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What to do next, one sentence.
    pub next_step: String,
    /// Whether waiting may help.
    #[serde(skip)]
    pub passing: Passing,
}

/// Whether a problem may pass without a change to the installation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Passing {
    /// It may.
    #[default]
    Possible,
    /// It passes when somebody creates or completes this object.
    Needs(ObjectId),
    /// It does not.
    Impossible,
}

impl Cause {
    /// Whether waiting certainly does not help. `is_ours` is whether the installation creates an object.
    pub fn is_final(&self, is_ours: impl Fn(&ObjectId) -> bool) -> bool {
        match &self.passing {
            Passing::Possible => false,
            Passing::Needs(missing) => is_ours(missing),
            Passing::Impossible => true,
        }
    }

    /// Whether it is the same problem: the kubelet alternates between several reasons and messages.
    pub fn is_like(&self, other: &Self) -> bool {
        self.object == other.object && class(&self.reason) == class(&other.reason)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.reason)?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

/// The reasons between which one problem alternates.
fn class(reason: &str) -> &str {
    match reason {
        "ErrImagePull" | "ImagePullBackOff" => "pull",
        "CrashLoopBackOff" | "Error" | "Completed" | "OOMKilled" | "StartError"
        | "ContainerCannotRun" | "RunContainerError" => "crash",
        other => other,
    }
}

/// What decides about the pods of one namespace. What cannot be read is empty or `None`.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// Its pods.
    pub pods: Vec<Value>,
    /// Its `ReplicaSet`s, at least their metadata.
    pub replica_sets: ReplicaSets,
    /// Its volume claims.
    pub claims: Vec<Value>,
    /// The storage classes of the cluster.
    pub classes: Option<Vec<Value>>,
    /// The volumes of the cluster.
    pub volumes: Option<Vec<Value>>,
}
