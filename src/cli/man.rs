//! `ksi man`: manual pages from the definition of `--help`.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use super::exit::Failure;
use crate::ui::Output;

/// Print the manual page, or write one page per command to a directory
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ksi man
  ksi man --dir man1")]
pub(super) struct ManArgs {
    /// Write one page per command to this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &ManArgs, output: &Output) -> Result<(), Failure> {
    let ManArgs { dir } = args;
    let command = super::command();
    let Some(dir) = dir else {
        return Ok(output.data(&page(&command)?)?);
    };
    let failed = |error| Failure::Io(format!("cannot write to {}: {error}", dir.display()));
    std::fs::create_dir_all(dir).map_err(failed)?;
    let mut count = 0;
    for (name, page) in pages(&command, "ksi")? {
        write(dir, &format!("{name}.1"), &page).map_err(failed)?;
        count += 1;
    }
    output.print(&format!("wrote {count} pages to {}", dir.display()));
    Ok(())
}

/// Puts a file in place of another at once, also of a link: what that points to stays as it is.
fn write(dir: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let mode = std::fs::Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().permissions(mode).tempfile_in(dir)?;
    file.write_all(text.as_bytes())?;
    file.persist(dir.join(name))?;
    Ok(())
}

/// The page of a command and of all below it, each with its name.
fn pages(command: &Command, name: &str) -> Result<Vec<(String, String)>, Failure> {
    // The synopsis shows what a user types.
    let typed = command.clone().name(name.to_owned()).bin_name(name.replace('-', " "));
    let mut list = vec![(name.to_owned(), page(&typed)?)];
    for verb in command.get_subcommands().filter(|c| c.get_name() != "help") {
        list.extend(pages(verb, &format!("{name}-{}", verb.get_name()))?);
    }
    Ok(list)
}

fn page(command: &Command) -> Result<String, Failure> {
    let mut text = Vec::new();
    Man::new(command.clone()).render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
