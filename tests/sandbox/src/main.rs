//! The program `sandbox`: real Kubernetes clusters on this machine.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it talks to a person")]

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
