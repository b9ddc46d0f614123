//! `ksi config migrate`: rewrite a file in the current format.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::cli::args::input;
use crate::cli::exit::Failure;
use crate::config;
use crate::ui::Output;

pub(super) fn migrate(from: &Path, write: bool, output: &Output) -> Result<(), Failure> {
    let shown = from.display();
    let text = input::bytes(&shown.to_string()).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| std::io::Error::other("it is not UTF-8 text"))
    });
    let text = text.map_err(|error| Failure::Io(format!("cannot read {shown}: {error}")))?;
    let Some(rewritten) = config::rewrite(&shown.to_string(), &text) else {
        output.message(&format!(
            "ksi: cannot migrate {shown}\nhelp: `ksi validate -f {shown}` shows the problems"
        ));
        return Err(Failure::Invalid);
    };
    if !rewritten.comments_kept {
        output.message("ksi: the document was rewritten without its comments");
    }
    if !write {
        output.print(&format!("ksi: migrated {}", old_keys(rewritten.moved)));
        return Ok(output.data(&rewritten.text)?);
    }
    if rewritten.text == text {
        output.print(&format!("ksi: {shown} is already in the current format"));
        return Ok(());
    }
    // Write the target of a symbolic link, not the link.
    let from = &from.canonicalize()?;
    let shown = from.display();
    let old = PathBuf::from(format!("{shown}.old"));
    if old.exists() {
        return Err(Failure::Usage(format!(
            "{} already exists\nhelp: move it away",
            old.display()
        )));
    }
    let failed = |error| Failure::Io(format!("cannot write {shown}: {error}"));
    replace(from, &old, &text).map_err(failed)?;
    replace(from, from, &rewritten.text).map_err(failed)?;
    output.print(&format!(
        "ksi: migrated {}; the old file is {}",
        old_keys(rewritten.moved),
        old.display()
    ));
    Ok(())
}

fn old_keys(count: usize) -> String {
    match count {
        1 => "1 old key".to_owned(),
        count => format!("{count} old keys"),
    }
}

/// Writes a file atomically, with the owner and the permissions of `like`: both may contain secrets.
fn replace(like: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    let found = std::fs::metadata(like)?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    let made = file.as_file().metadata()?;
    if (made.uid(), made.gid()) != (found.uid(), found.gid()) {
        std::os::unix::fs::fchown(file.as_file(), Some(found.uid()), Some(found.gid()))?;
    }
    file.as_file().set_permissions(found.permissions())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
