//! What is said when ksi itself fails: where, for a report, and nothing of what it worked on.

use std::panic::{self, PanicHookInfo};

use crate::ui;

/// The exit code: `EX_SOFTWARE` of `sysexits.h`.
pub(super) const BUG: u8 = 70;

/// From now on a panic ends the process with this message and exit code, also where a panic aborts.
pub(super) fn report_panics() {
    panic::set_hook(Box::new(report));
}

fn report(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(
        || "an unknown place".to_owned(),
        |at| format!("{}:{}", shown(at.file()), at.line()),
    );
    let version = env!("CARGO_PKG_VERSION");
    // Not the message of the panic: it may quote a value.
    ui::final_message(&format!(
        "ksi: internal error in ksi {version} at {place}\n\
         help: this is a bug: please report the line above and the command. It is safe to run the command again"
    ));
    std::process::exit(BUG.into());
}

/// The path of a source file without the folder of the machine that compiled it.
fn shown(file: &str) -> &str {
    let crates = file.rsplit_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/'));
    crates.map_or(file, |(_, path)| path)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const CHILD: &str = "KSI_TEST_PANIC";

    /// In a process of its own, since the hook ends it.
    #[test]
    fn a_panic_says_where_and_ends_with_its_own_code() {
        if std::env::var_os(CHILD).is_some() {
            report_panics();
            panic!("hunter2");
        }
        let mut child = Command::new(std::env::current_exe().unwrap());
        let name = "cli::bug::tests::a_panic_says_where_and_ends_with_its_own_code";
        let output = child.args(["--exact", name, "--nocapture"]).env(CHILD, "1").output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(70), "{said}");
        assert!(
            said.contains("src/cli/bug.rs:") && said.contains(env!("CARGO_PKG_VERSION")),
            "{said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
    }

    #[test]
    fn folders_of_other_machines_are_not_shown() {
        let file = "/home/me/.cargo/registry/src/index.crates.io-0123/http-1.0.0/src/lib.rs";
        assert_eq!(shown(file), "http-1.0.0/src/lib.rs");
        assert_eq!(shown("src/cli.rs"), "src/cli.rs");
    }
}
