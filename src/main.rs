//! Parses the command line, runs the command, prints its failure, and sets the exit code.

use clap::Parser as _;
use portaria::commands::CommandLine;
use portaria::commands::outcome::CommandOutcome;
use portaria::world::signals::HeldReload;
use std::process::ExitCode;

fn main() -> ExitCode {
    // A service manager may ask for a reload as soon as the process is there.
    let reload = HeldReload::of_command("serve");
    match CommandLine::parse().run(reload) {
        Ok(CommandOutcome::Fine) => ExitCode::SUCCESS,
        Ok(CommandOutcome::No) => ExitCode::from(1),
        Err(failure) => {
            eprintln!("{}", failure.message());
            ExitCode::from(failure.exit_code())
        }
    }
}
