//! Parses the command line, runs the command, prints what went wrong, chooses the exit code.

use clap::Parser as _;
use portaria::commands::Portaria;
use portaria::commands::outcome::Outcome;
use std::process::ExitCode;

fn main() -> ExitCode {
    match Portaria::parse().run() {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::No) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("{}", failure.text());
            ExitCode::from(failure.code())
        }
    }
}
