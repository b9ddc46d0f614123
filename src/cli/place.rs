//! Where to apply, and what to compare with.

use std::path::PathBuf;
use std::str::FromStr;

/// A directory of manifests, given as `dir:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DirectoryPlace(pub PathBuf);

impl FromStr for DirectoryPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("dir:") {
            Some("") => Err("name the directory: dir:PATH".to_owned()),
            Some(path) => Ok(Self(path.into())),
            None => Err(format!("write it as dir:{text}")),
        }
    }
}

/// What a diff compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Against {
    /// Nothing is there: everything is new.
    Nothing,
    /// What a directory holds.
    Directory(PathBuf),
}

impl FromStr for Against {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::Nothing);
        }
        text.parse()
            .map(|DirectoryPlace(path)| Self::Directory(path))
            .map_err(|e| format!("{e}, or none"))
    }
}
