//! What logins, session checks, provider files, pages and storage cost. `README.md` says how the figures are made and read.
//!
//! All of it is one program, because linking is the longest part of its build. `cargo bench -- NAME` runs what begins with
//! the name.

#![allow(clippy::disallowed_methods, reason = "they read files of their own")]

mod auth;
mod files;
mod login;
mod pages;
mod sealing;
mod setup;
mod storage;
mod tokens;

use criterion::Criterion;

/// The beginning of the names in a part, and the part.
type Part = (&'static str, fn(&mut Criterion));

const PARTS: &[Part] = &[
    ("login", login::login),
    ("sealing", sealing::sealing),
    ("token", tokens::tokens),
    ("auth", auth::auth),
    ("page", pages::pages),
    ("sign-in/SQLite", storage::sqlite),
    ("sign-in/PostgreSQL", storage::postgres),
    ("files/10,000", files::ten_thousand_files),
    ("files/expensive", files::expensive_files),
];

/// Runs the parts that an argument names, or else all of them, because each is made ready before its names are compared.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_named = |name: &str| arguments.iter().any(|argument| name.starts_with(argument.as_str()) || argument.starts_with(name));
    let is_any_named = PARTS.iter().any(|(name, _)| is_named(name));
    let mut criterion = Criterion::default().configure_from_args();
    for (_, run) in PARTS.iter().filter(|(name, _)| !is_any_named || is_named(name)) {
        run(&mut criterion);
    }
    criterion.final_summary();
}
