//! The command line of ksi; everything happens in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ksi::cli::main()
}
