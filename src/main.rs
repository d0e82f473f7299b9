//! Parses the command line, runs the command, prints its failure, and sets the exit code.

use clap::Parser as _;
use portaria::commands::CommandLine;
use portaria::commands::outcome::CommandOutcome;
use std::process::ExitCode;

fn main() -> ExitCode {
    match CommandLine::parse().run() {
        Ok(CommandOutcome::Fine) => ExitCode::SUCCESS,
        Ok(CommandOutcome::No) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("{}", failure.message());
            ExitCode::from(failure.exit_code())
        }
    }
}
