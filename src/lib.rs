//! An identity broker: shoppers log in to stores through any identity provider that a YAML file describes.
//!
//! A login is a growing set of facts. Each step writes a request from the facts known so far and reads new facts from
//! the answer. When the facts hold an id and a trustworthy e-mail address there is an identity, and an identity opens a
//! session.
//!
//! The provider's file says how each request is written and how each answer is read. Nothing else knows any provider.
//!
//! This is the map. A module imports only itself and modules above it, and the broker imports nothing of the workbench:
//! `tests/architecture/modules.rs` enforces both.
//!
//! `pub` is what tests, benches and fuzz targets use; everything else is `pub(crate)`, so that the compiler finds what is
//! not used.

#![warn(unreachable_pub)]
// What may panic on a request is denied; a panic that cannot be avoided is an `expect` that says why it never happens.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, clippy::panic))]

// The core: pure, except for `world` and for the parts of `login` that await the provider: `prepare`, `discover`,
// `documents`, `conversation` and `drive`.
pub mod vocabulary; //  places, complaints, secret texts, e-mail addresses, requests, YAML: the types that every module uses
pub mod provider; //    the language of provider files: read, checked and compiled; one file for each word
pub mod login; //       one login: attempt, callback, conversation with the provider, facts, outcome
pub mod session; //     sessions: tokens, signing keys, revocation
pub mod passkeys; //    passkeys (WebAuthn): what an authenticator sends, read and judged
pub mod apps; //        client apps: who they are, their requests, codes and tokens
pub mod world; //       everything outside the process: disk, environment, clock, random bytes, network, mail

// The broker.
pub mod story; //         the story of a login for support, without secrets
pub mod directory; //     users, linked identities, revoked sessions: one verb for each operation, one SQL text for both engines
pub mod stores; //        settings, the stores they describe, their provider files, and the live providers
#[allow(clippy::arithmetic_side_effects, reason = "it counts answers")]
pub mod drift; //         whether a provider still answers as it did
pub mod counts; //        how many logins began, came back and ended
pub mod rollout; //       the next version of a provider file beside the present one
pub(crate) mod pages; //  the pages and e-mails for shoppers, in their languages
pub mod web; //           the broker's endpoints, one file for each

// The workbench. It may import the broker.
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, clippy::panic, reason = "no shopper waits for it")]
pub mod workbench; //  explain, test, repair, record, import
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, clippy::panic, reason = "no shopper waits for it")]
pub mod simulated; //  providers that run inside the program: the playground, and simulations of provider files
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, clippy::panic, reason = "no shopper waits for it")]
pub mod lab; //        the pages of support staff
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice, clippy::panic, reason = "no shopper waits for it")]
pub mod commands; //   the command line
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing; //  what a fuzzer tries
