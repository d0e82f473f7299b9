//! All tests that look at the program from outside, in one binary.

mod architecture;
mod bad_times;
mod canaries;
mod catalogue;
mod command_line;
mod database;
mod directory;
mod drift;
mod email_proof;
mod generated;
mod import;
mod login;
mod mistakes;
mod new;
mod playground;
mod properties;
mod readme;
mod repair;
mod simulate;
mod support;
mod support_page;
mod try_command;
mod try_record;
mod upgrade;
mod users_command;
mod web;
