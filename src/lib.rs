//! A login is a growing set of facts. Each step writes a request from the facts known so far and reads new facts from
//! the answer. When the facts hold an id and a trustworthy e-mail address there is an identity, and an identity opens a
//! session.
//!
//! The provider's file says how each request is written and how each answer is read. Nothing else knows any provider.
//!
//! This is the map. A module imports only itself and modules above it, and the broker imports nothing of the workbench;
//! `tests/architecture.rs` enforces both.
//!
//! `pub` is what tests, benches and fuzz targets use; everything else is `pub(crate)`, so that the compiler finds what is
//! not used.

#![warn(unreachable_pub)]

// The core: pure, except for `world` and for `login::drive`, which awaits the provider.
pub mod vocabulary; //  places, complaints, secret texts, e-mail addresses, requests, YAML: the types that every room uses
pub mod provider; //    the language: a provider's file, read, checked and compiled; one word a file
pub mod login; //       one login: attempt, callback, conversation with the provider, facts, outcome
pub mod session; //     one session: its token, its signing keys, its revocation
pub mod world; //       disk, environment, clock, random source, network, mail

// The broker.
pub mod story; //       what happened in a login, without secrets
pub mod directory; //   users, linked identities, revoked sessions: one file a verb, one SQL text for both engines
pub mod stores; //      settings, the stores they describe, their provider files, and the live providers
pub mod drift; //       whether a provider still answers as it did
pub(crate) mod pages; //       what shoppers see, in their language
pub mod web; //         the broker's endpoints, one file each

// The workbench. It may import the broker.
pub mod workbench; //   explain, test, repair, record, import
pub mod simulated; //   providers that run inside the program: the playground, and a simulation of any file
pub mod lab; //         the pages of support staff
pub mod commands; //    the command line
