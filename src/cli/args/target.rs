//! The values of `--target` and `--against`.

use std::path::PathBuf;
use std::str::FromStr;

/// Where to apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum TargetArg {
    /// The cluster that the kubeconfig names.
    Cluster,
    /// A directory of manifests.
    Directory(PathBuf),
}

impl FromStr for TargetArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("dir:") {
            _ if text == "cluster" => Ok(Self::Cluster),
            Some("") => Err("the path is missing: use dir:PATH".to_owned()),
            Some(path) => Ok(Self::Directory(path.into())),
            None => Err(format!("use cluster, or dir:{text} for a directory")),
        }
    }
}

/// What a diff compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum AgainstArg {
    /// An empty cluster: everything is new.
    Nothing,
    /// The objects of a target.
    Target(TargetArg),
}

impl FromStr for AgainstArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::Nothing),
            "live" => Ok(Self::Target(TargetArg::Cluster)),
            _ => match text.strip_prefix("dir:") {
                Some("") => Err("the path is missing: use dir:PATH".to_owned()),
                Some(path) => Ok(Self::Target(TargetArg::Directory(path.into()))),
                None => Err(format!("use live, none, or dir:{text} for a directory")),
            },
        }
    }
}
