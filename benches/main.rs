//! What logins, session checks, provider files, pages and storage cost. `README.md` says how the figures are made and read.
//!
//! All of it is one program, because linking is the longest part of its build. `cargo bench -- NAME` runs what has the name.

mod auth;
mod files;
mod login;
mod pages;
mod sealing;
mod setup;
mod storage;
mod tokens;

criterion::criterion_group!(
    benches,
    login::login,
    sealing::sealing,
    tokens::tokens,
    auth::auth,
    pages::pages,
    storage::sqlite,
    storage::postgres,
    files::ten_thousand_files,
    files::expensive_files
);
criterion::criterion_main!(benches);
