//! Where to apply, and what to compare with.

use std::path::PathBuf;
use std::str::FromStr;

/// Where to apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// The cluster that the kubeconfig names.
    Cluster,
    /// A directory of manifests.
    Directory(PathBuf),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("dir:") {
            _ if text == "cluster" => Ok(Self::Cluster),
            Some("") => Err("name the directory: dir:PATH".to_owned()),
            Some(path) => Ok(Self::Directory(path.into())),
            None => Err(format!("write it as dir:{text}, or cluster")),
        }
    }
}

/// What a diff compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Against {
    /// Nothing is there: everything is new.
    Nothing,
    /// What a place holds.
    Place(Place),
}

impl FromStr for Against {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self::Nothing),
            "live" => Ok(Self::Place(Place::Cluster)),
            _ => match text.strip_prefix("dir:") {
                Some("") => Err("name the directory: dir:PATH".to_owned()),
                Some(path) => Ok(Self::Place(Place::Directory(path.into()))),
                None => Err(format!("write it as dir:{text}, live, or none")),
            },
        }
    }
}
